"""Packs come, are renewed and go: which documents that publishes, and the record of what was shipped.

Called by the command line and the demo, inside `engine.publishing()`; the caller commits. Promises: what HR
changed at runtime is kept (docs/decisions/0028), nothing is destroyed, and the record of the pack commits with the
publish. Not imported by the package's face, because `metadata.publish` stands between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from metadata import aligning, installed, merging, packs, publish, versions
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotFound, Problem
from metadata.installed import Installed
from metadata.merging import Clash
from metadata.packs.reading import Pack
from metadata.parser import thawed
from metadata.renaming import renamed

WITHDRAWN = "x-withdrawn"
Guard = Callable[[Session, Catalog, frozenset[str]], Sequence[Problem]]


@dataclass(frozen=True)
class Listed:
    """A pack as a list shows it: `shipped` and `installed` are versions, empty where there is none."""

    name: str
    title: str
    shipped: str
    installed: str

    @property
    def newer(self) -> bool:
        """Whether an upgrade would bring a later version."""
        return bool(self.shipped and self.installed) and _number(self.shipped) > _number(self.installed)


@dataclass(frozen=True)
class Plan:
    """What installing or upgrading would publish, and where HR and the pack changed the same thing."""

    pack: Pack
    before: str
    documents: tuple[Mapping[str, Any], ...]
    clashes: Mapping[str, tuple[Clash, ...]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """What was done: the packs with their versions, and the catalog that is in force now."""

    packs: Mapping[str, str]
    catalog: Catalog


def listing(session: Session) -> list[Listed]:
    """The packs that ship and those installed from elsewhere, by name."""
    there = installed.present(session)
    shipped = {p.name: p for p in packs.available()}
    return [
        Listed(
            name,
            shipped[name].manifest.texts.title if name in shipped else there[name].title,
            shipped[name].manifest.version if name in shipped else "",
            there[name].version if name in there else "",
        )
        for name in sorted({*shipped, *there})
    ]


def install(
    session: Session, catalog: Catalog, name_or_dir: str | Path, *, actor: Actor, now: datetime, adopt: bool = False
) -> Done:
    """Publish a pack and those that it requires; Conflict when it is installed, or names belong to others.

    `adopt` takes definitions that are there already for the pack's own, as they are.
    """
    pack = packs.load(name_or_dir)
    there = installed.present(session)
    if pack.name in there:
        message = "The pack %(name)s is installed already, in version %(version)s; “pack upgrade” brings what is newer."
        raise Conflict(message, params={"name": pack.name, "version": there[pack.name].version})
    return _install(session, catalog, _with_missing([pack], there), actor, now, adopt)


def ensure(session: Session, catalog: Catalog, names: Sequence[str], *, actor: Actor, now: datetime) -> Done:
    """Install those of the shipped packs that are not; definitions that are there already stay as they are."""
    there = installed.present(session)
    wanted = [packs.load(name) for name in names if name not in there]
    return _install(session, catalog, _with_missing(wanted, there), actor, now, adopt=True)


def plan_upgrade(session: Session, catalog: Catalog, name_or_dir: str | Path, *, prefer_theirs: bool = False) -> Plan:
    """The three-way of a newer version: what it would publish and what clashes. NotFound when it is not installed."""
    there = installed.present(session)
    pack = _load_newer(name_or_dir, there)
    if pack.name not in there:
        message = "The pack %(name)s is not installed; “pack install” installs it."
        raise NotFound(message, params={"name": pack.name})
    before = there[pack.name]
    _refuse_older(before, pack)
    missing = [name for name in pack.manifest.requires if name not in there]
    if missing:
        message = "Version %(version)s of %(name)s requires the pack %(missing)s; install that first."
        given = {"version": pack.manifest.version, "name": pack.name, "missing": ", ".join(missing)}
        raise Conflict(message, params=given)
    ours = {name: entity.definition.document for name, entity in catalog.entities.items()}
    return _plan(pack, before.version, before.documents, ours, prefer_theirs)


def upgrade(
    session: Session,
    catalog: Catalog,
    plan: Plan,
    *,
    actor: Actor,
    now: datetime,
    confirm: Sequence[str] = (),
) -> Done:
    """Publish a plan made from this catalog; Conflict when somebody published one of its definitions since."""
    pack = plan.pack
    after = publish.publish(
        session,
        catalog,
        plan.documents,
        actor=actor,
        comment=f"Pack {pack.name} {pack.manifest.version}",
        now=now,
        bases={str(document["$id"]): catalog.version for document in plan.documents},
        confirm=confirm,
        origins={str(document["$id"]): pack.name for document in plan.documents},
    )
    _record(session, after, plan)
    return Done({pack.name: pack.manifest.version}, after)


def uninstall(
    session: Session,
    catalog: Catalog,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    confirm: str = "",
    guards: Iterable[Guard] = (),
) -> Done:
    """Withdraw the pack's definitions; tables and records stay. Conflict names everything that depends on them."""
    there = installed.present(session)
    if name not in there:
        raise NotFound("The pack %(name)s is not installed.", params={"name": name})
    gone = frozenset(n for n in there[name].documents if n in catalog)
    problems = [*_needed_by(there, catalog, name, gone)]
    for guard in guards:
        problems += guard(session, catalog, gone)
    if problems:
        message = "The pack %(name)s can't be uninstalled while others depend on it."
        raise Conflict(message, params={"name": name}, problems=problems)
    if confirm != name:
        message = (
            "Uninstalling %(name)s hides %(count)s definitions; their records are kept. "
            "Type --confirm %(name)s to do it."
        )
        raise Invalid(message, params={"name": name, "count": len(gone)})
    after = publish.publish(
        session,
        catalog,
        [{"$id": n, WITHDRAWN: True} for n in sorted(gone)],
        actor=actor,
        comment=f"Pack {name} uninstalled",
        now=now,
        bases=dict.fromkeys(gone, catalog.version),
        confirm=sorted(gone),
        origins=dict.fromkeys(gone, name),
    )
    installed.record(session, after.version, replace(there[name], version=""))
    return Done({name: ""}, after)


def _with_missing(wanted: Sequence[Pack], there: Mapping[str, Installed]) -> list[Pack]:
    """The packs and all that they require and that is not installed, each after what it requires."""
    ordered: dict[str, Pack] = {}

    def add(pack: Pack, waiting: tuple[str, ...]) -> None:
        if pack.name in waiting:
            raise Invalid("The packs %(names)s require each other.", params={"names": ", ".join(waiting)})
        for name in pack.manifest.requires:
            if name not in there and name not in ordered:
                add(packs.load(name), (*waiting, pack.name))
        ordered[pack.name] = pack

    for pack in wanted:
        add(pack, ())
    return list(ordered.values())


def _install(
    session: Session, catalog: Catalog, wanted: Sequence[Pack], actor: Actor, now: datetime, adopt: bool
) -> Done:
    if not wanted:
        return Done({}, catalog)
    known = installed.every(session)
    plans = [_plan_install(session, catalog, pack, known.get(pack.name), adopt) for pack in wanted]
    documents = {str(d["$id"]): (d, plan.pack.name) for plan in plans for d in plan.documents}
    after = publish.publish(
        session,
        catalog,
        [document for document, _pack in documents.values()],
        actor=actor,
        comment="Packs: " + ", ".join(pack.name for pack in wanted),
        now=now,
        bases=dict.fromkeys(documents, catalog.version),
        confirm=list(documents),
        origins={name: pack for name, (_document, pack) in documents.items()},
    )
    for plan in plans:
        _record(session, after, plan, versions.first_documents(session, plan.left))
    return Done({pack.name: pack.manifest.version for pack in wanted}, after)


def _plan_install(session: Session, catalog: Catalog, pack: Pack, before: Installed | None, adopt: bool) -> Plan:
    """Definitions that are new or return; those in force already must be the pack's, or be adopted."""
    taken = [d for d in pack.documents if d["$id"] in catalog]
    foreign = [
        str(d["$id"]) for d in taken if not adopt and _plain(d) != _plain(catalog[str(d["$id"])].definition.document)
    ]
    if foreign:
        message = (
            "The pack %(name)s brings definitions that are there already: %(names)s. "
            "With --adopt they count as the pack's and stay as they are."
        )
        raise Conflict(message, params={"name": pack.name, "names": ", ".join(foreign)})
    fresh = replace(pack, documents=tuple(d for d in pack.documents if d["$id"] not in catalog))
    left = tuple(str(d["$id"]) for d in taken)
    if before is None:
        return Plan(pack, "", fresh.documents, left=left)
    ours = versions.last_documents(session, (str(d["$id"]) for d in fresh.documents))
    plan = _plan(fresh, "", before.documents, ours, prefer_theirs=False, returning=True)
    return replace(plan, pack=pack, left=left)


def _plan(
    pack: Pack,
    version: str,
    base: Mapping[str, Mapping[str, Any]],
    ours: Mapping[str, Mapping[str, Any]],
    prefer_theirs: bool,
    *,
    returning: bool = False,
) -> Plan:
    """Definition by definition; one that HR withdrew stays away unless the pack's side is preferred."""
    documents: list[Mapping[str, Any]] = []
    clashes: dict[str, tuple[Clash, ...]] = {}
    names: dict[str, Mapping[str, str]] = {}
    for document in pack.documents:
        name = str(document["$id"])
        if name in ours:
            merged = merging.merge(base.get(name, {}), ours[name], document, prefer_theirs=prefer_theirs)
            names[name], clashes[name] = merged.names, merged.clashes
            if returning or merged.document != thawed(ours[name]):
                documents.append(merged.document)
        elif name not in base or returning or prefer_theirs:
            documents.append(document)
        elif _plain(document) != _plain(base[name]):
            clashes[name] = (Clash("", _title(base[name]), None, _title(document)),)
    for name in sorted(base.keys() - {str(d["$id"]) for d in pack.documents} if not returning else ()):
        if name not in ours:
            continue
        if prefer_theirs or _plain(ours[name]) == _plain(base[name]):
            documents.append({"$id": name, WITHDRAWN: True})
        else:
            clashes[name] = (Clash("", _title(base[name]), _title(ours[name]), None),)
    return Plan(pack, version, tuple(documents), {n: found for n, found in clashes.items() if found}, names)


def _record(
    session: Session, catalog: Catalog, plan: Plan, adopted: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """The pack as shipped, with the columns that its fields got; adopted definitions as they were first published."""
    manifest = plan.pack.manifest
    documents = {}
    for document in plan.pack.documents:
        name = str(document["$id"])
        documents[name] = (adopted or {}).get(name) or _with_ids(catalog, document, plan.names.get(name, {}))
    title = manifest.texts.title
    installed.record(
        session, catalog.version, Installed(plan.pack.name, manifest.version, title, manifest.requires, documents)
    )


def _with_ids(catalog: Catalog, document: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = thawed(document)
    name = str(made["$id"])
    columns: dict[str, str] = {}
    for field_ in catalog[name].definition.fields.values() if name in catalog else ():
        columns[field_.name] = field_.column
        columns |= {f"{field_.name}.{inner.name}": inner.column for inner in field_.rows.values()}
    for path, item in aligning.items(made):
        today = renamed(path, names)
        if today in columns:
            item.setdefault("x-id", columns[today])
        elif "." not in path and item.get("type") != "object":
            item.setdefault("x-id", path)
    return made


def _load_newer(name_or_dir: str | Path, there: Mapping[str, Installed]) -> Pack:
    try:
        return packs.load(name_or_dir)
    except NotFound:
        if str(name_or_dir) not in there:
            raise
    message = "The pack %(name)s does not ship with the product; name the folder that holds its newer version."
    raise NotFound(message, params={"name": str(name_or_dir)})


def _refuse_older(before: Installed, pack: Pack) -> None:
    if _number(pack.manifest.version) < _number(before.version):
        message = "The pack %(name)s is installed in version %(version)s; this one, %(older)s, is older."
        given = {"name": pack.name, "version": before.version, "older": pack.manifest.version}
        raise Conflict(message, params=given)


def _needed_by(there: Mapping[str, Installed], catalog: Catalog, name: str, gone: frozenset[str]) -> Iterable[Problem]:
    for other in there.values():
        if name in other.requires:
            yield Problem("", "The pack %(name)s requires it.", {"name": other.name})
    for target in sorted(gone):
        for other_name, field_name in catalog.referrers.get(target, ()):
            if other_name not in gone:
                message = "“%(name)s” refers to %(target)s with its field “%(field)s”."
                yield Problem("", message, {"name": other_name, "target": target, "field": field_name})
    for entity in catalog.entities.values():
        parent = (entity.definition.document.get("x-okr") or {}).get("parent")
        if parent in gone and entity.name not in gone:
            yield Problem("", "“%(name)s” stands below %(target)s.", {"name": entity.name, "target": parent})


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the columns of its fields, which publishing adds."""
    made: dict[str, Any] = thawed(document)
    for _path, item in aligning.items(made):
        item.pop("x-id", None)
    return made


def _title(document: Mapping[str, Any]) -> str:
    return str(document.get("title", ""))


def _number(version: str) -> tuple[int, ...]:
    """The numbers in a version, for comparing: 1.10 is later than 1.9."""
    return tuple(int(part) for part in re.findall(r"\d+", version))
