"""A catalog as a folder of files: one stable file for each definition, and a manifest that says what they came from.

Called by the command line, which reads and writes the files. The same catalog gives the same bytes. What is as its
pack ships it is named by the pack, not written again. The manifest keeps the fingerprints of every version that a
definition had, so that another installation knows whether it only lags behind or went its own way.
See docs/decisions/0068.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import dialect, installed, packs, planning, publish, store
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, DefinitionError, Invalid, Problem
from metadata.packs import installing
from metadata.parser import load_text, named, thawed
from metadata.planning import checksum

MANIFEST = "plumbline.json"
ORIGIN = "@folder"
FORMAT = 1
LENGTH = 16
FIRST = ("$schema", "$id", "x-kind", "title", "x-plural", "description", "x-group", "x-icon", "x-label")
KEPT_ORDER = ("properties", "items")
CHANGED_HERE = (
    "“%(name)s” was changed here by %(who)s (version %(version)s) and differs from what the folder came from."
)
CHOOSE = "Look at the difference; --force %(name)s takes the folder's."
OTHER_PACK = "The folder was made with version %(version)s of the pack %(pack)s; here is %(here)s."
NOT_HERE = "“%(name)s” is not here, or the folder has it; it can't be pruned."
NO_FOLDER = "This folder has no readable plumbline.json; “definitions export” writes one."
UNREADABLE = "The folder cannot be read; nothing was published."
TWICE = "Another file holds a definition called “%(name)s”, too."
CONFLICTS = "The folder can't be published: %(count)s conflicts."


@dataclass(frozen=True)
class Folder:
    """A folder as it was read: documents by name, the packs it builds on, the fingerprints of earlier versions."""

    documents: Mapping[str, Mapping[str, Any]]
    packs: Mapping[str, str]
    known: Mapping[str, frozenset[str]]
    catalog_version: int


@dataclass(frozen=True)
class Comparison:
    """What publishing a folder means here: documents that differ, conflicts, what only this installation has."""

    documents: tuple[Mapping[str, Any], ...]
    conflicts: tuple[Problem, ...] = ()
    only_here: tuple[str, ...] = ()
    packs: tuple[str, ...] = field(default=())


def write(session: Session, catalog: Catalog, *, whole: bool = False) -> dict[str, bytes]:
    """The files by name; with `whole`, also the definitions that are as their packs ship them."""
    there = installed.present(session)
    shipped = {n: checksum(d) for one in there.values() for n, d in one.documents.items()} if not whole else {}
    documents = {d.name: thawed(d.document) for d in catalog.definitions}
    own = {n: d for n, d in documents.items() if shipped.get(n) != checksum(d)}
    past = _fingerprints(session, own)
    manifest = {
        "format": FORMAT,
        "catalog_version": catalog.version,
        "packs": {name: there[name].version for name in sorted(there)},
        "definitions": {name: sorted(past[name]) for name in sorted(own)},
    }
    return {MANIFEST: _text(manifest), **{f"{name}.json": _text(_ordered(own[name])) for name in sorted(own)}}


def read(files: Mapping[str, bytes]) -> Folder:
    """The folder that these files are; raises Invalid without a manifest, DefinitionError naming each wrong file."""
    manifest = load_text(files[MANIFEST]) if MANIFEST in files else {}
    if manifest.get("format") != FORMAT or not isinstance(manifest.get("definitions"), dict):
        raise Invalid(NO_FOLDER)
    problems = list(_wrong(manifest))
    documents: dict[str, Mapping[str, Any]] = {}
    for name, text in sorted(files.items()):
        if name == MANIFEST:
            continue
        try:
            document = load_text(text)
        except DefinitionError as error:
            problems += named(error, Path(name)).problems
            continue
        key = str(document.get("$id"))
        if key in documents:
            problems.append(Problem("/$id", TWICE, {"name": key}, source=name))
        documents[key] = document
    if problems:
        raise DefinitionError(UNREADABLE, problems=problems)
    known = {name: frozenset(found) for name, found in manifest["definitions"].items()}
    return Folder(documents, manifest.get("packs", {}), known, manifest.get("catalog_version", 0))


def _wrong(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """What a manifest says in another form than `write` does: it came from elsewhere."""
    given = manifest.get("packs", {})
    if not isinstance(given, dict) or not all(n.isidentifier() and isinstance(v, str) for n, v in given.items()):
        yield Problem("/packs", "Names of packs with their versions are expected here.", source=MANIFEST)
    for name, found in manifest["definitions"].items():
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            yield Problem(
                "/definitions", "Fingerprints of “%(name)s” are expected here.", {"name": name}, source=MANIFEST
            )
    if type(manifest.get("catalog_version", 0)) is not int:
        yield Problem("/catalog_version", "A whole number is expected here.", source=MANIFEST)


def compare(
    session: Session, catalog: Catalog, folder: Folder, *, force: Sequence[str] = (), prune: Sequence[str] = ()
) -> Comparison:
    """What the folder would change here. Its packs count as installed; see `Comparison.packs` for those to install."""
    there = installed.present(session)
    problems = [
        Problem(f"/packs/{pack}", OTHER_PACK, {"version": version, "pack": pack, "here": there[pack].version})
        for pack, version in folder.packs.items()
        if pack in there and there[pack].version != version
    ]
    missing = tuple(sorted(set(folder.packs) - set(there)))
    shipped = {n: d for pack in folder.packs if pack in there for n, d in there[pack].documents.items()}
    shipped |= {str(d["$id"]): d for pack in missing for d in packs.load(pack).documents}
    wanted = {**{n: d for n, d in shipped.items() if n not in folder.documents}, **folder.documents}
    dialect.require(wanted.values(), catalog)
    changed = planning.plan(session, catalog, list(wanted.values())).documents
    documents = [wanted[name] for name in changed]
    problems += [
        p for name in changed if name in catalog and name not in force for p in _own_way(session, catalog, folder, name)
    ]
    only_here = tuple(name for name in catalog if name not in wanted)
    problems += [Problem(f"/{name}", NOT_HERE, {"name": name}, source=name) for name in prune if name not in only_here]
    documents += [{"$id": name, "x-withdrawn": True} for name in prune if name in only_here]
    return Comparison(tuple(documents), tuple(problems), tuple(n for n in only_here if n not in prune), missing)


def publish_folder(
    session: Session,
    catalog: Catalog,
    folder: Folder,
    *,
    actor: Actor,
    comment: str,
    now: datetime,
    force: Sequence[str] = (),
    prune: Sequence[str] = (),
    confirm: Sequence[str] = (),
) -> Catalog:
    """Bring the catalog to what the folder says, all or nothing; the same catalog when nothing differs.

    Raises Conflict naming every definition that went its own way here, and what `publish.publish` raises.
    """
    missing = sorted(set(folder.packs) - set(installed.present(session)))
    if missing:
        catalog = installing.ensure(session, catalog, missing, actor=actor, now=now).catalog
        force = [*force, *(n for pack in missing for n in installed.present(session)[pack].documents)]
    found = compare(session, catalog, folder, force=force, prune=prune)
    if found.conflicts:
        raise Conflict(CONFLICTS, params={"count": len(found.conflicts)}, problems=found.conflicts)
    return publish.publish(
        session,
        catalog,
        found.documents,
        actor=actor,
        comment=comment,
        now=now,
        confirm=[*confirm, *prune],
        origins={str(document["$id"]): ORIGIN for document in found.documents},
    )


def _own_way(session: Session, catalog: Catalog, folder: Folder, name: str) -> Iterable[Problem]:
    """A conflict where what is in force is neither a version that the folder knows nor came from a folder."""
    if checksum(catalog[name].definition.document)[:LENGTH] in folder.known.get(name, ()):
        return
    t, c = store.definition.c, store.catalog_version.c
    newest = select(t.pack, c.version, c.author).join(store.catalog_version, c.version == t.catalog_version)
    row = session.execute(newest.where(t.name == name).order_by(t.catalog_version.desc()).limit(1)).one()
    if row.pack != ORIGIN:
        params = {"name": name, "who": row.author, "version": row.version}
        yield Problem(f"/{name}", CHANGED_HERE, params, CHOOSE.replace("%(name)s", name), name)


def _fingerprints(session: Session, names: Iterable[str]) -> dict[str, set[str]]:
    t, found = store.definition.c, {name: set[str]() for name in names}
    for name, document in session.execute(select(t.name, t.document).where(t.name.in_(list(found)))):
        if document is not None:
            found[name].add(checksum(document)[:LENGTH])
    return found


def _text(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """Keys sorted where their order means nothing: the names come first, fields keep their order."""
    rank = {key: place for place, key in enumerate(FIRST)}
    return {
        key: _fields(document[key]) if key == "properties" else _sorted(document[key])
        for key in sorted(document, key=lambda key: (rank.get(key, len(rank)), key))
    }


def _fields(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _field(schema) for name, schema in properties.items()}


def _field(schema: Mapping[str, Any]) -> dict[str, Any]:
    """One property; the fields of a grid or a nested object keep their order too."""
    rank = {"type": 0, "$ref": 1, "title": 2, "description": 3}
    made: dict[str, Any] = {}
    for key in sorted(schema, key=lambda key: (rank.get(key, len(rank)), key)):
        value = schema[key]
        nested = isinstance(value, Mapping) and key in KEPT_ORDER
        made[key] = (_fields if key == "properties" else _field)(value) if nested else _sorted(value)
    return made


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
