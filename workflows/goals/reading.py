"""Goals as people read them: one by its key, many by their keys, the lists of a level. All through the record door.

Called by the pages, REST, the clash finder and the cascade. Promises: one statement for each level, however many goals
are asked for (in chunks of a thousand).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from metadata import records
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.errors import NotFound
from metadata.records import Filter, Query, Record
from workflows.goals.levels import (
    COMMITMENT,
    DEMANDS,
    END,
    NO_GOAL,
    PROGRESS,
    RESULTS,
    ROLLUP,
    ROLLUP_REASON,
    START,
    STATUS,
    VISIBILITY,
    Key,
    Level,
    level_of,
    levels,
)
from workflows.goals.results import Result, read

CHUNK = 1000
FILLED = "mean"


@dataclass(frozen=True)
class Goal:
    """One goal; `owner_id` and `unit_id` are records, `results` its key results where they were asked for.

    `rollup` is the rule in force: its level's, or its own with a reason. `touched` is the day of its last change.
    `unread` are the fields of its level that are not in it: hidden from its reader, or not asked for.
    """

    key: Key
    title: str
    version: int
    owner: str = ""
    owner_id: int | None = None
    unit: str = ""
    unit_id: int | None = None
    start: date | None = None
    end: date | None = None
    commitment: str = ""
    status: str = ""
    visibility: str = ""
    progress: Decimal | None = None
    score: Decimal | None = None
    rollup: str = "mean"
    touched: date | None = None
    results: tuple[Result, ...] = ()
    unread: frozenset[str] = field(default=frozenset(), repr=False)
    demands: tuple[tuple[int, Decimal], ...] = field(default=(), repr=False)

    @property
    def percent(self) -> int | None:
        """The progress in whole per cent."""
        return None if self.progress is None else int(self.progress * 100)


def one(session: Session, catalog: Catalog, actor: Actor, key: Key, language: str = "en") -> Goal:
    """A goal with its key results; NotFound where there is none, or none for this reader."""
    level = level_of(catalog, key[0])
    record = records.find(session, catalog, level.name, actor, key[1], language=language)
    return goal_of(level, record, language)


def many(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    keys: Iterable[Key],
    language: str = "en",
    *,
    whole: bool = False,
) -> dict[Key, Goal]:
    """The goals that the reader may list among these; with `whole` their key results and needs, too."""
    wanted: dict[str, list[int]] = {}
    for name, number in keys:
        wanted.setdefault(name, []).append(number)
    found: dict[Key, Goal] = {}
    for level in levels(catalog):
        ids = sorted(set(wanted.get(level.name, ())))
        for begin in range(0, len(ids), CHUNK):
            query = Query(
                (Filter("id", "in", ids[begin : begin + CHUNK]),),
                columns=columns(level, language, whole=whole),
                page_size=CHUNK,
                language=language,
            )
            page = records.select(session, catalog, level.name, actor, query, counted=False)
            found |= {(level.name, r.id): goal_of(level, r, language) for r in page.rows}
    return found


def goal_of(level: Level, record: Record, language: str = "en") -> Goal:
    """A record of a level as a goal."""
    labels: Mapping[str, Any] = record.labels
    return Goal(
        key=(level.name, record.id),
        title=_title(level, record, language),
        version=record.version,
        owner=str(labels.get(level.person) or ""),
        owner_id=record.get(level.person) if level.person else None,
        unit=str(labels.get(level.unit) or ""),
        unit_id=record.get(level.unit) if level.unit else None,
        start=record.get(START),
        end=record.get(END),
        commitment=record.get(COMMITMENT, ""),
        status=record.get(STATUS, ""),
        visibility=record.get(VISIBILITY, ""),
        progress=_decimal(record.get(PROGRESS)),
        score=_decimal(record.get(level.score)),
        rollup=_rollup(level, record.get(ROLLUP), record.get(ROLLUP_REASON)),
        touched=record.changed_at.date() if record.changed_at else None,
        results=read(record.get(RESULTS), language),
        unread=frozenset(level.entity.definition.fields.keys() - record.values.keys()),
        demands=tuple(
            (int(row["resource"]), Decimal(str(row["amount"])))
            for row in record.get(DEMANDS, ())
            if row.get("resource") is not None and row.get("amount") is not None
        ),
    )


def _rollup(level: Level, own: str | None, reason: str | None) -> str:
    """The level's rule, or the objective's own: the field once filled itself with `mean`, so that needs its reason."""
    return own if own and (reason or own != FILLED) else level.okr.rollup


def columns(level: Level, language: str, *, whole: bool) -> tuple[str, ...]:
    """The fields that a goal is read from."""
    names = level.entity.definition.label_of(language) + level.entity.definition.label_of("en")
    plain = (
        level.person,
        level.unit,
        START,
        END,
        COMMITMENT,
        STATUS,
        VISIBILITY,
        PROGRESS,
        level.score,
        ROLLUP,
        ROLLUP_REASON,
    )
    return tuple(dict.fromkeys((*names, *level.columns(*plain), *(level.columns(RESULTS, DEMANDS) if whole else ()))))


def _title(level: Level, record: Record, language: str) -> str:
    definition = level.entity.definition
    for names in (definition.label_of(language), definition.label_of("en")):
        words = [str(record.labels.get(n) or record.get(n) or "") for n in names]
        text = " ".join(word for word in words if word)
        if text:
            return text
    return f"#{record.id}"


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def result_of(goal: Goal, result_id: int) -> Result:
    """One of its key results; NotFound where it is none of them."""
    for result in goal.results:
        if result.id == result_id:
            return result
    raise NotFound(NO_GOAL)
