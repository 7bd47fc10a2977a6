"""Names of tables, keys, checks and indexes that any database takes."""

from __future__ import annotations

import hashlib

LONGEST_NAME = 63


def constraint_name(kind: str, table: str, column: str) -> str:
    """The name of an index, key or check of one column."""
    return shortened(f"{kind}_{table}_{column}")


def shortened(name: str, most: int = LONGEST_NAME) -> str:
    """The name, never longer than PostgreSQL takes; what is cut off stays told apart by a hash."""
    if len(name) <= most:
        return name
    return f"{name[: most - 9].rstrip('_')}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
