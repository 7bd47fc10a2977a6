"""The versions of definitions as people look at them: who published what, when and why, and any two compared.

Asked by the history's pages, REST and the command line. Reads only; a version says what it changed through
`metadata.telling`, with the number of records that each change met when it was published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from metadata import parser, store, versions
from metadata.errors import NotFound
from metadata.telling import Line, tell

PAGE = 25
UNKNOWN_VERSION = "There is no catalog version %(version)s."


@dataclass(frozen=True)
class Revision:
    """One catalog version: `names` are the definitions that it published, of all or of the one asked for."""

    version: int
    at: datetime
    author: str
    comment: str
    rolled_back_to: int | None
    names: tuple[str, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Difference:
    """One definition in two versions; None where it was not there."""

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    def lines(self, language: str = "en") -> list[Line]:
        """What changed, in sentences."""
        before, after = (parser.parse(d) if d is not None else None for d in (self.before, self.after))
        return tell(before, after, language)

    def title(self, language: str = "en") -> str:
        """What people call the definition."""
        document = self.after or self.before
        return parser.parse(document).title(language) if document else self.name


def page(
    session: Session, name: str | None = None, *, before: int | None = None, size: int = PAGE
) -> tuple[list[Revision], bool]:
    """Versions, newest first, those below `before`; and whether there are older ones. Two statements."""
    table, t = store.catalog_version, store.definition.c
    statement = select(table).order_by(table.c.version.desc()).limit(size + 1)
    if name is not None:
        statement = statement.where(table.c.version.in_(select(t.catalog_version).where(t.name == name)))
    if before is not None:
        statement = statement.where(table.c.version < before)
    rows = session.execute(statement).all()
    found = [_revision(row) for row in rows[:size]]
    wanted = [revision.version for revision in found]
    named: dict[int, list[str]] = {}
    listed = select(t.catalog_version, t.name).where(t.catalog_version.in_(wanted)).order_by(t.name)
    for version, one in session.execute(listed) if wanted else ():
        named.setdefault(version, []).append(one)
    return [replace(one, names=tuple(named.get(one.version, ()))) for one in found], len(rows) > size


def one(session: Session, version: int) -> Revision:
    """A catalog version; NotFound where there is none."""
    table, t = store.catalog_version, store.definition.c
    row = session.execute(select(table).where(table.c.version == version)).first()
    if row is None:
        raise NotFound(UNKNOWN_VERSION, params={"version": version})
    names = session.execute(select(t.name).where(t.catalog_version == version).order_by(t.name)).scalars()
    return replace(_revision(row), names=tuple(names))


def between(session: Session, first: int, last: int, names: Sequence[str] = ()) -> list[Difference]:
    """What differs from version `first` to version `last`, which may be the older one; all definitions or `names`.

    Version 0 is the empty catalog. Raises NotFound for a version that never was.
    """
    newest = versions.read(session).catalog
    for version in (first, last):
        if not 0 <= version <= newest:
            raise NotFound(UNKNOWN_VERSION, params={"version": version})
    low, high = sorted((first, last))
    later = versions.documents(session, high, since=low)
    wanted = sorted(n for n in later if not names or n in names)
    earlier = versions.documents(session, low) if wanted and low else {}
    pairs = [(name, earlier.get(name), later[name]) for name in wanted]
    found = [Difference(n, *(pair if first <= last else pair[::-1])) for n, *pair in pairs]
    return [one for one in found if one.before != one.after or _order(one.before) != _order(one.after)]


def neighbours(session: Session, name: str, shown: Sequence[Revision]) -> dict[int, Difference]:
    """For each version of `name` that is shown, the definition before it and in it; one statement."""
    t = store.definition.c
    if not shown:
        return {}
    oldest = shown[-1].version
    start = select(func.max(t.catalog_version)).where(t.name == name, t.catalog_version < oldest).scalar_subquery()
    statement = (
        select(t.catalog_version, t.document)
        .where(t.name == name, t.catalog_version <= shown[0].version, t.catalog_version >= func.coalesce(start, oldest))
        .order_by(t.catalog_version)
    )
    found: dict[int, Difference] = {}
    before: Mapping[str, Any] | None = None
    for version, document in session.execute(statement):
        found[version] = Difference(name, before, document)
        before = document
    return found


def counted(lines: Sequence[Line], revision: Revision, name: str) -> list[Line]:
    """The lines with the number of records that the same change met when it was published."""
    counts = {
        (change["field"], change["kind"]): change["count"]
        for change in revision.changes
        if change["definition"] == name and change.get("count")
    }
    return [replace(line, count=counts.get((line.field, line.kind), 0)) for line in lines]


def _revision(row: Row[Any]) -> Revision:
    changes = tuple(row.changes or ())
    return Revision(row.version, row.at, row.author, row.comment, row.rolled_back_to, changes=changes)


def _order(document: Mapping[str, Any] | None) -> list[str]:
    """The order of the fields, which equality of JSON objects does not see."""
    return list((document or {}).get("properties", {}))
