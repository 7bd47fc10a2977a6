"""The tabs of a record's page: its details, what was said about it, and what points at it.

Called by records.py for the page and by relations.py for the counts, which are asked for when the page is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort, url_for
from flask_babel import lazy_gettext as _l

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.model import Field
from metadata.records import Filter, Page, Query, Record, Relation
from portal import catalogs
from portal.access import language
from portal.extensions import db

DETAILS, COMMENTS = "details", "comments"
DETAILS_TITLE, COMMENTS_TITLE = _l("Details"), _l("Comments")
SOME = 10


@dataclass(frozen=True)
class Tab:
    """One tab; `count` is None until it is known."""

    key: str
    title: str
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True)
class Related:
    """What a relation's tab shows: some records, where all of them are, and where one is added."""

    entity: Entity
    page: Page
    whole: str
    add: str


def tabs(
    entity: Entity, record_id: int, actor: Actor, chosen: str, counts: Mapping[str, int] | None = None
) -> list[Tab]:
    """All tabs of a record's page; `chosen` is the one that is open."""
    catalog = catalogs.current()
    related = records.relations(catalog, actor, entity.name)
    many = Counter(relation.definition for relation in related)
    named = [(DETAILS, str(DETAILS_TITLE)), (COMMENTS, str(COMMENTS_TITLE))]
    named += [(r.key, _title(catalog, r, many[r.definition] > 1)) for r in related]
    return [
        Tab(key, title, _url(entity.name, record_id, key), key == chosen, (counts or {}).get(key))
        for key, title in named
    ]


def related(entity: Entity, record: Record, actor: Actor, key: str) -> Related:
    """The records of one relation; there is nothing at a key that is none of this person's."""
    catalog = catalogs.current()
    relation = next((r for r in records.relations(catalog, actor, entity.name) if r.key == key), None)
    if relation is None:
        abort(404)
    other = catalog[relation.definition]
    columns = tuple(name for name in other.definition.screen.list if name != relation.field)
    query = Query((Filter(relation.field, "eq", record.id),), columns=columns, page_size=SOME, language=language())
    page = records.select(db.session(), catalog, other.name, actor, query)
    chosen: Any = {relation.field: record.id}
    whole = url_for("records.list_page", definition=other.name, view="all", **chosen)
    back = _url(entity.name, record.id, key)
    add = (
        url_for("records.add", definition=other.name, _next=back, **chosen) if _may_add(actor, other, relation) else ""
    )
    return Related(other, page, whole, add)


def _may_add(actor: Actor, other: Entity, relation: Relation) -> bool:
    writable: tuple[Field, ...] = access.writable_somewhere(actor, other, "add")
    return access.may(actor, other, "add") and any(f.name == relation.field for f in writable)


def _title(catalog: Catalog, relation: Relation, several: bool) -> str:
    """Where a definition points here by several fields, each says which."""
    definition = catalog[relation.definition].definition
    plural = definition.plural(language())
    return f"{plural} ({definition.fields[relation.field].title(language())})" if several else plural


def _url(name: str, record_id: int, key: str) -> str:
    return url_for("records.show", definition=name, record_id=record_id, tab=None if key == DETAILS else key)
