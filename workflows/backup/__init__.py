"""The whole installation as one file, and back again, on SQLite and PostgreSQL alike (docs/decisions/0029).

Called by `plumbline backup` and `plumbline restore`, which say which fixed tables there are.
"""

from workflows.backup.archive import Manifest
from workflows.backup.restoring import is_empty, restore, verify
from workflows.backup.writing import write

__all__ = ["Manifest", "is_empty", "restore", "verify", "write"]
