"""Drafts and versions of scorecards: a shared draft, publishing whole, what differs, going back.

Called by pages and REST. Who may edit scorecards may draft and publish; who may see them sees versions. Promises: a
published scorecard is whole (weights exactly 100, bands without a gap, every line measurable) and is written through
the record door in one transaction with its version; records that were edited elsewhere become a version of their own
first, so that every state can be returned to; the second of two editors is told, and loses nothing, whether the first
saved a draft, published it or threw it away, and a publish takes nobody's draft along but the one that it is. Running
cycles keep what they pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotFound, Problem, StaleVersion
from metadata.records.read import HIDDEN_RECORD
from workflows.cycles import terms
from workflows.score_store import card_drafts, card_versions
from workflows.scorecards import content as contents
from workflows.scorecards.content import Content

LONGEST_COMMENT = 500
EDITED = "%(who)s saved this draft at %(at)s; look at both before you save yours."
MOVED = "The scorecard was published by somebody else since this was begun; look at what changed."
GONE = "The draft that you opened is gone: published or discarded. Look at both before you save yours."
SAME = "This is what is published already."
NO_VERSION = "There is no such version of this scorecard."
BY_RECORDS = "Edited in its records"
FIRST = "As it was found"


@dataclass(frozen=True)
class Draft:
    """What is being worked on; `version` 0 means that nothing was saved yet and the content is the published one."""

    content: Content
    version: int
    based_on: str
    by: str = ""
    at: datetime | None = None

    @property
    def tag(self) -> str:
        """What is different after every save and every publish: the draft's number with what it began from."""
        return f"{self.version}-{self.based_on[:16]}"


@dataclass(frozen=True)
class Version:
    """A published state."""

    number: int
    at: datetime
    by: str
    comment: str
    content: Content


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `part` is setting, line or band, `name` which one, `field` empty for the whole of it."""

    part: str
    name: str
    field: str
    before: str
    after: str


def may_edit(catalog: Catalog, actor: Actor) -> bool:
    """Whether the actor drafts and publishes scorecards."""
    return terms.SCORECARD in catalog and all(
        access.may(actor, catalog[name], "edit") for name in (terms.SCORECARD, terms.LINE, terms.BAND)
    )


def require_editor(session: Session, catalog: Catalog, actor: Actor, card_id: int) -> None:
    """NotFound where the scorecard is hidden, NotAllowed where it may only be seen."""
    records.find(session, catalog, terms.SCORECARD, actor, card_id)
    for name in (terms.SCORECARD, terms.LINE, terms.BAND):
        access.require(actor, catalog[name], "edit")


def draft(session: Session, catalog: Catalog, card_id: int) -> Draft:
    """The draft, or the published content where there is none."""
    row = session.execute(select(card_drafts).where(card_drafts.c.scorecard_id == card_id)).mappings().first()
    if row is None:
        found = contents.live(session, catalog, card_id)
        return Draft(found, 0, contents.digest(found))
    return Draft(row["content"], row["version"], row["based_on"], row["by"], row["at"])


def save_draft(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    card_id: int,
    content: Content,
    *,
    version: int,
    now: datetime,
    based_on: str | None = None,
) -> int:
    """Keep the draft, whatever its sum; the new version. StaleVersion where somebody else saved since `version`.

    `based_on` is the digest of the published content that it began from: a first draft of one that was published
    meanwhile is stale, too.
    """
    require_editor(session, catalog, actor, card_id)
    wrong = contents.unreadable(content)
    if wrong:
        raise Invalid(contents.NOT_READABLE, problems=wrong)
    stored = draft(session, catalog, card_id)
    _refuse_stale(stored, version)
    if not stored.version and based_on not in (None, stored.based_on):
        raise StaleVersion(MOVED, theirs=stored)
    values = {"content": content, "by": actor.username, "at": now, "version": version + 1}
    if stored.version:
        if based_on == contents.digest(contents.live(session, catalog, card_id)):
            values["based_on"] = based_on
        mine = (card_drafts.c.scorecard_id == card_id, card_drafts.c.version == version)
        if not session.execute(update(card_drafts).where(*mine).values(**values)).rowcount:  # type: ignore[attr-defined]
            raise StaleVersion(EDITED, params={"who": stored.by, "at": ""}, theirs=stored)
    else:
        session.execute(insert(card_drafts).values(scorecard_id=card_id, based_on=stored.based_on, **values))
    return version + 1


def _refuse_stale(stored: Draft, version: int) -> None:
    if not stored.version and version:
        raise StaleVersion(GONE, theirs=stored)
    if stored.version != version:
        at = stored.at.isoformat(timespec="minutes") if stored.at else ""
        raise StaleVersion(EDITED, params={"who": stored.by, "at": at}, theirs=stored)


def discard(session: Session, catalog: Catalog, actor: Actor, card_id: int, *, now: datetime) -> None:
    """Forget the draft."""
    del now
    require_editor(session, catalog, actor, card_id)
    session.execute(delete(card_drafts).where(card_drafts.c.scorecard_id == card_id))


def publish(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    card_id: int,
    content: Content,
    *,
    now: datetime,
    based_on: str,
    comment: str = "",
    draft_version: int | None = None,
) -> int:
    """Make a content the scorecard; the number of its version. `based_on` is the digest of what it began from.

    `draft_version` says that it is the stored draft, which is then gone; another's draft stays.
    Raises Invalid with every problem at its field, Conflict where the scorecard moved since or nothing changes.
    """
    require_editor(session, catalog, actor, card_id)
    stored = draft(session, catalog, card_id)
    if draft_version is not None:
        _refuse_stale(stored, draft_version)
    wrong = contents.problems(catalog, content)
    if len(comment) > LONGEST_COMMENT:
        wrong.append(Problem("/comment", contents.TOO_LONG, {"limit": LONGEST_COMMENT}))
    if wrong:
        raise Invalid(contents.NOT_READY, params={"count": len(wrong)}, problems=wrong)
    card, lines, bands = contents.rows(session, catalog, card_id)
    live = contents.document(card, lines, bands)
    if contents.digest(live) != based_on:
        raise StaleVersion(MOVED, theirs=stored) if draft_version is not None else Conflict(MOVED)
    if live == content and card["status"] == "active":
        raise Conflict(SAME)
    _keep(session, card_id, live, actor, now)
    _write(session, catalog, actor, card_id, content, now)
    if draft_version is not None or stored.content == content:  # another's draft stays theirs
        session.execute(delete(card_drafts).where(card_drafts.c.scorecard_id == card_id))
    return _add(session, card_id, content, actor.username, comment, now)


def roll_back(
    session: Session, catalog: Catalog, actor: Actor, card_id: int, number: int, *, now: datetime, comment: str = ""
) -> int:
    """Publish an earlier version again; the number of the new one."""
    found = one(session, card_id, number)
    based_on = contents.digest(contents.live(session, catalog, card_id))
    return publish(session, catalog, actor, card_id, found.content, now=now, based_on=based_on, comment=comment)


def _keep(session: Session, card_id: int, live: Content, actor: Actor, now: datetime) -> None:
    """A version for what was in force, where it is none yet."""
    known = history(session, card_id)
    if not known or known[0].content != live:
        _add(session, card_id, live, actor.username, BY_RECORDS if known else FIRST, now)


def _add(session: Session, card_id: int, content: Content, by: str, comment: str, now: datetime) -> int:
    t = card_versions.c
    last = session.execute(select(func.max(t.number)).where(t.scorecard_id == card_id)).scalar()
    values = {"number": (last or 0) + 1, "content": content, "by": by, "comment": comment, "at": now}
    session.execute(insert(card_versions).values(scorecard_id=card_id, **values))
    return (last or 0) + 1


def _write(session: Session, catalog: Catalog, actor: Actor, card_id: int, content: Content, now: datetime) -> None:
    """The records of the content: lines by what they measure, bands by their label."""
    card, lines, bands = contents.rows(session, catalog, card_id)
    settings: dict[str, Any] = {
        "no_data": content["no_data"],
        "decimals": int(content["decimals"]),
        "minimum_service_days": int(content["minimum_service_days"]),
        "status": "active",
    }
    if "formula" in catalog[terms.SCORECARD].definition.fields:  # a pack from before has none
        settings["formula"] = content.get("formula")
    if any(card[name] != value for name, value in settings.items()):
        records.change(session, catalog, terms.SCORECARD, actor, card_id, settings, now=now, form="python")
    kept = {line["kpi"] for line in content["lines"]}
    for row in lines:
        if row["kpi"] not in kept:
            records.remove(session, catalog, terms.LINE, actor, row["id"], now=now)
    fields = catalog[terms.LINE].definition.fields
    new_lines = [
        {
            "scorecard": card_id,
            "sequence": place,
            **{n: None if v == "" else v for n, v in values.items() if n in fields},
        }
        for place, values in enumerate(map(contents.row_of, content["lines"]), 1)
    ]
    _merge(session, catalog, terms.LINE, actor, new_lines, ("scorecard", "kpi"), now)
    wanted = [
        {
            "scorecard": card_id,
            "label": band["label"],
            "label_zh": band["label_zh"] or None,
            "low": Decimal(band["low"]),
            "high": Decimal(band["high"]) if band["high"] else None,
        }
        for band in content["bands"]
    ]
    held = {row["low"]: row["label"] for row in bands}
    crossing = any(held.get(band["low"], band["label"]) != band["label"] for band in wanted)
    labels = {band["label"] for band in wanted}
    for row in bands:
        if crossing or row["label"] not in labels:  # a threshold that takes another's place would find it taken
            records.remove(session, catalog, terms.BAND, actor, row["id"], now=now)
    _merge(session, catalog, terms.BAND, actor, wanted, ("scorecard", "label"), now)


def _merge(
    session: Session,
    catalog: Catalog,
    name: str,
    actor: Actor,
    found: Sequence[Mapping[str, Any]],
    key: tuple[str, str],
    now: datetime,
) -> None:
    action = "edit" if not access.may(actor, catalog[name], "import") else "import"
    records.merge_many(session, catalog, name, actor, found, now=now, key=key, form="python", action=action)


def history(session: Session, card_id: int) -> list[Version]:
    """The versions, the newest first."""
    t = card_versions.c
    statement = select(t.number, t.at, t.by, t.comment, t.content).where(t.scorecard_id == card_id)
    return [Version(*row) for row in session.execute(statement.order_by(t.number.desc()))]


def one(session: Session, card_id: int, number: int) -> Version:
    """One version; NotFound."""
    found = next((version for version in history(session, card_id) if version.number == number), None)
    if found is None:
        raise NotFound(NO_VERSION)
    return found


def differences(old: Content, new: Content) -> list[Difference]:
    """What was changed, setting by setting, line by line, band by band."""
    found = [
        Difference("setting", "", name, old.get(name, ""), new.get(name, ""))
        for name in ("formula", "no_data", "decimals", "minimum_service_days")
        if old.get(name, "") != new.get(name, "")
    ]
    found += _between("line", old["lines"], new["lines"], "kpi", "weight")
    return found + list(_between("band", old["bands"], new["bands"], "label", "low"))


def _between(
    part: str, old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]], key: str, told: str
) -> Iterator[Difference]:
    was, now = ({item[key]: item for item in items} for items in (old, new))
    for name, item in now.items():
        if name not in was:
            yield Difference(part, name, "", "", item[told])
            continue
        for field in item:
            if item[field] != was[name].get(field, ""):
                yield Difference(part, name, field, was[name].get(field, ""), item[field])
    for name, item in was.items():
        if name not in now:
            yield Difference(part, name, "", item[told], "")


def visible(session: Session, catalog: Catalog, actor: Actor, card_id: int) -> records.Record:
    """The scorecard's record for somebody who may see it; NotFound else."""
    if terms.SCORECARD not in catalog:
        raise NotFound(HIDDEN_RECORD)
    return records.find(session, catalog, terms.SCORECARD, actor, card_id)
