"""Definitions whose records make a tree: all that a reader may list, each with its depth and the path to it.

Called by the tree page, and by the pick-list, which shows such records indented. One statement, up to `MOST` records;
a larger tree is searched like any list. Who may not see a parent finds its children at the top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, abort, jsonify, render_template, request

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.model import Field
from metadata.records import Query, Record
from portal import catalogs
from portal.access import current_actor, language
from portal.entry.picks import tree_of
from portal.extensions import db
from portal.views import forms
from portal.views.records import blueprint, entity_for

MOST = 1000


@dataclass(frozen=True)
class Node:
    """One record in the tree; `path` are the names above it, from the top."""

    id: int
    text: str
    path: tuple[str, ...]
    below: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """The node and all below it, each before its own."""
        yield self
        for node in self.below:
            yield from node.walk()


def nodes(catalog: Catalog, entity: Entity, actor: Actor) -> tuple[Node, ...] | None:
    """The tops of the tree with everything below; None where there are too many, or no tree that may be seen."""
    above = tree_of(entity.definition)
    if above is None or above not in access.readable(actor, entity, "list"):
        return None
    columns = tuple(dict.fromkeys((above.name, *entity.definition.label_of(language()))))
    query = Query(columns=columns, page_size=MOST, language=language())
    page = records.select(db.session(), catalog, entity.name, actor, query)
    return _built(entity, above, page.rows) if page.count <= MOST else None


def _built(entity: Entity, above: Field, found: tuple[Record, ...]) -> tuple[Node, ...]:
    there = {record.id for record in found}
    under: dict[int | None, list[tuple[str, int]]] = {}
    for record in found:
        parent = record.get(above.name)
        under.setdefault(parent if parent in there else None, []).append((forms.label(entity, record), record.id))
    return _level(under, None, ())


def _level(
    under: dict[int | None, list[tuple[str, int]]], parent: int | None, path: tuple[str, ...]
) -> tuple[Node, ...]:
    return tuple(
        Node(number, text, path, _level(under, number, (*path, text))) for text, number in sorted(under.get(parent, ()))
    )


@blueprint.get("/<definition>/branches")
def branches(definition: str) -> Response:
    """The pick-list of a tree: each record in its place, how deep it stands and under what; of too many those found."""
    entity, actor, catalog = entity_for(definition, "list"), current_actor(), catalogs.current()
    tops = nodes(catalog, entity, actor)
    if tops is None:
        words = request.args.get("q", "")
        found = records.pick(db.session(), catalog, definition, actor, words=words, language=language())
        return jsonify([{"value": str(record_id), "text": label, "depth": 0, "path": ""} for record_id, label in found])
    walked = [node for top in tops for node in top.walk()]
    return jsonify(
        [{"value": str(n.id), "text": n.text, "depth": len(n.path), "path": " › ".join(n.path)} for n in walked]
    )


@blueprint.get("/<definition>/tree/")
def tree(definition: str) -> str:
    """All records as a tree that opens and closes."""
    entity, actor = entity_for(definition, "list"), current_actor()
    if tree_of(entity.definition) is None:
        abort(404)
    tops = nodes(catalogs.current(), entity, actor)
    opens = access.may(actor, entity, "show")
    return render_template("records/tree.html", entity=entity, tops=tops, opens=opens, most=MOST)
