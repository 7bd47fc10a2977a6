"""Names that a definition or a field can't have, because something else already answers to them.

Tables and columns are quoted, so a reserved word would work in Plumbline; it would not in the SQL of a
person who looks at the database, in Python that reads a record, nor in an address that means a page.
"""

from __future__ import annotations

import keyword
import re

from metadata.model import SYSTEM_COLUMNS

# Reserved in PostgreSQL or in SQLite (both lists, without words that only old standards reserve).
SQL = frozenset(
    re.findall(
        r"\w+",
        """add all alter analyse analyze and any array as asc asymmetric autoincrement between both case cast check
    collate column commit concurrently constraint create cross current_date current_role current_time
    current_timestamp current_user default deferrable delete desc distinct do drop else end escape except exists
    false fetch for foreign freeze from full glob grant group having ilike in index initially inner insert intersect
    into is isnull join lateral leading left like limit localtime localtimestamp natural not nothing notnull null
    offset on only or order outer overlaps placing primary references regexp returning right rowid select
    session_user set similar some symmetric system_user table then to trailing transaction true union unique update
    user using values variadic verbose when where window with""",
    )
)
PYTHON = frozenset(word.lower() for word in keyword.kwlist)
# What the record door, the mapped class and the address of a list mean something else by.
FIELDS = frozenset(
    {*SYSTEM_COLUMNS, "as_of", "columns", "csrf_token", "metadata", "page", "page_size", "q", "query"}
) | {
    *("registry", "removed", "search", "version", "view"),
}
DEFINITIONS = frozenset(
    {
        *("alerts", "catalog", "cycles", "definitions", "events", "files", "goals", "imports", "jobs", "me", "openapi"),
        *("account", "api", "audit", "dashboards", "designer", "health", "help", "inbox", "lang", "login", "logout"),
        *("metrics", "onboarding", "records", "reviews", "roles", "static", "theme", "tours", "users"),
        *("comments", "scorecards", "scores", "search", "security", "state", "training", "views", "webhooks"),
    }
)


def taken_by(name: str, *, field: bool) -> str:
    """Whose word `name` is (SQL, Python, Plumbline); empty when it is free."""
    if name in (FIELDS if field else DEFINITIONS):
        return "Plumbline"
    if name in PYTHON:
        return "Python"
    return "SQL" if name in SQL else ""
