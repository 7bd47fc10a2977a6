"""The population of a scorecard with what was measured for it: read once in bulk, kept warm while somebody tries.

Called by `trial`. Which people: those for whom the scorecard is the nearest on a day of the period, by the same rule as
in cycles; whom the actor may list, who have not left and have been here long enough. Each counts with the figures of
the department in which it was last the nearest. Salary, gender and date of birth are read only for those who may see
them in every record. A crowd is a picture taken at a moment, which pages name; it is kept for `KEPT` and belongs to one
standing of one actor, so nobody sees what another's access brought in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.deferred import Deferred
from workflows.cycles import figures, people, person_figures, places
from workflows.cycles.desk import Row
from workflows.cycles.people import EMPLOYEE
from workflows.cycles.terms import COMPETENCY, MANUAL, MARK, TermLine, Terms
from workflows.scorecards.applying import Calendar, Scope, within
from workflows.scoring.columns import Population, population

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    from numpy.typing import NDArray

    Column: TypeAlias = NDArray[np.float64]
    Codes: TypeAlias = NDArray[np.int64]
else:
    np = Deferred("numpy")

KEPT = timedelta(minutes=15)
MOST_KEPT = 4
MOST_PREPARED = 6
PRIVATE = ("salary", "gender", "birth_date")
AGES = ((0, "under 30"), (30, "30 to 39"), (40, "40 to 49"), (50, "50 and over"))
UNKNOWN = -1

T = TypeVar("T")
Measured = tuple[str, str]


@dataclass(frozen=True)
class Groups:
    """Which group everybody is in, by number; -1 where it is not known."""

    codes: Codes
    labels: tuple[Any, ...]


@dataclass
class Crowd:
    """Everybody who would be rated, and the columns measured so far."""

    taken_at: datetime
    ids: Codes
    too_new: int
    groups: Mapping[str, Groups]
    salary: Column | None
    columns: dict[Measured, tuple[Column, Column]] = field(default_factory=dict)
    prepared: OrderedDict[tuple[Any, ...], Population] = field(default_factory=OrderedDict)
    sides: dict[Terms, Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.ids)

    def measured(self, lines: Sequence[TermLine]) -> Population:
        """Attainments of everybody on these lines; kept, since a slider that moves a weight asks for the same."""
        key = tuple((measured(line), line.rule, line.target) for line in lines)
        with self.lock:
            found = self.prepared.get(key)
            if found is None:
                found = self.prepared[key] = self._prepare(lines)
            self.prepared.move_to_end(key)
            while len(self.prepared) > MOST_PREPARED:
                self.prepared.popitem(last=False)
            return found

    def kept_side(self, known: Terms, make: Callable[[Crowd, Terms], T]) -> T:
        """What `make` gives for terms that many questions share: the scorecard that is in force."""
        found: T | None = self.sides.get(known)
        if found is None:
            found = make(self, known)
            self.sides = {known: found}
        return found

    def _prepare(self, lines: Sequence[TermLine]) -> Population:
        actual, target = (np.empty((len(self), len(lines))) for _ in range(2))
        for place, line in enumerate(lines):
            actual[:, place], target[:, place] = self.columns[measured(line)]
            if line.target is not None:
                target[:, place] = float(line.target)
        return population([line.rule for line in lines], actual, target)


class Kept:
    """The crowds of this process, the last used ones."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[Any, ...], Crowd] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...], now: datetime, make: Callable[[], Crowd], *, fresh: bool = False) -> Crowd:
        """The crowd, made where there is none or an old one."""
        with self._lock:
            found = self._made.get(key)
        if found is None or fresh or not now - KEPT < found.taken_at <= now:
            found = make()
        with self._lock:
            self._made[key] = found
            self._made.move_to_end(key)
            while len(self._made) > MOST_KEPT:
                self._made.popitem(last=False)
        return found


def scopes(session: Session, catalog: Catalog, card: Row, span: tuple[date, date]) -> list[Scope]:
    """The scorecards in force in the period, and the one that is tried as though it were, where it is not."""
    found = within(session, catalog, *span)
    if all(scope.id != card["id"] for scope in found):
        found.append(Scope(card["id"], card["person"], card["position"], card["department"]))
    return found


def gather(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    card: Row,
    competing: Sequence[Scope],
    known: Terms,
    now: datetime,
) -> Crowd:
    """Read everybody once; lines are measured by `complete`."""
    entity = catalog[EMPLOYEE]
    t = entity.table.c
    private = [name for name in PRIVATE if name in readable(actor, catalog, entity) and name in t]
    since = t[places.SINCE] if places.SINCE in t else null()  # a pack from before has no such field
    wanted = [t.id, t.department, t.position, since.label(places.SINCE), t.hired_on, *(t[name] for name in private)]
    where = [t._removed_at.is_(None), t.status != "left", access.rows(actor, catalog, entity, "list")]
    listed = session.execute(select(*wanted).where(*where).order_by(t.id)).all()
    rows = _nearest(session, catalog, card["id"], competing, known, listed)
    latest = known.period_end - timedelta(days=known.minimum_service_days)
    rated = [(row, department) for row, department in rows if row.hired_on <= latest]
    columns = list(zip(*(row for row, _department in rated), strict=True)) or [()] * len(wanted)
    by_name = dict(zip(("id", "now", "position", places.SINCE, "hired_on", *private), columns, strict=True))
    groups = {"department": _grouped([department for _row, department in rated])}
    if "gender" in by_name:
        groups["gender"] = _grouped(by_name["gender"])
    if "birth_date" in by_name:
        groups["age"] = _ages(by_name["birth_date"], known.period_end)
    salary = None
    if "salary" in by_name:
        salary = np.array([0.0 if value is None else float(value) for value in by_name["salary"]])
    return Crowd(now, np.array(by_name["id"], np.int64), len(rows) - len(rated), groups, salary)


def _nearest(
    session: Session, catalog: Catalog, card: int, competing: Sequence[Scope], known: Terms, listed: Sequence[Any]
) -> list[tuple[Any, int | None]]:
    """Those for whom the scorecard is the nearest on a day of the period, with the department where it last was."""
    calendar = Calendar(competing, people.tree(session, catalog), known.period_start, known.period_end)
    moved = places.changes(session)
    zone = ZoneInfo(known.timezone)
    found = []
    for row in listed:
        person, department, position, since, hired_on = row[:5]
        trail = moved.get(person, ())
        if since is None and not trail:  # nearly everybody: there is no history to go through
            stint = calendar.stayed(card, person, position, department, hired_on)
        else:
            now = {"department": department, "position": position, places.SINCE: since}
            stint = calendar.card_days(card, person, places.places(now, trail, zone), hired_on)
        if stint is not None:
            found.append((row, stint.department))
    return found


def readable(actor: Actor, catalog: Catalog, entity: Entity) -> frozenset[str]:
    """The fields that the actor may read in every record of a list."""
    return access.sight(actor, catalog, entity, "list").certain


def _grouped(values: Sequence[Any]) -> Groups:
    labels = tuple(sorted({value for value in values if value is not None}, key=str))
    place = {label: at for at, label in enumerate(labels)}
    return Groups(np.array([place.get(value, UNKNOWN) for value in values], np.int64), labels)


def _ages(values: Sequence[date | None], day: date) -> Groups:
    def code(born: date | None) -> int:
        if born is None:
            return UNKNOWN
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        return sum(years >= low for low, _label in AGES) - 1

    known = {born: code(born) for born in set(values)}
    return Groups(np.array([known[born] for born in values], np.int64), tuple(label for _low, label in AGES))


def complete(session: Session, catalog: Catalog, crowd: Crowd, known: Terms, now: datetime) -> None:
    """Measure the lines that the crowd has no column for: one statement for each KPI."""
    missing = tuple(replace(line, target=None) for line in known.lines if measured(line) not in crowd.columns)
    if not missing:
        return
    asked = replace(known, lines=missing)
    places = crowd.groups["department"]
    found = figures.measured(session, asked, people.tree(session, catalog), places.labels)
    by_person = {line.kpi: _nothing(len(crowd)) for line in missing if line.by_person}
    if by_person:
        _measure_people(session, catalog, crowd, asked, by_person, now)
    for line in missing:
        if line.by_person:
            crowd.columns[measured(line)] = by_person[line.kpi]
        else:
            plan, actual = (
                np.array([_known(found[str(unit)][line.kpi][side]) for unit in places.labels]) for side in (0, 1)
            )
            crowd.columns[measured(line)] = (actual[places.codes], plan[places.codes]) if len(crowd) else _nothing(0)


def measured(line: TermLine) -> Measured:
    """What a line counts, whatever its target: a mark of this name is another thing than a KPI of this name."""
    return (MARK if line.kind in (MANUAL, COMPETENCY) else line.kind, line.kpi)


def _nothing(count: int) -> tuple[Column, Column]:
    return np.full(count, np.nan), np.full(count, np.nan)


def _known(value: float | None) -> float:
    return np.nan if value is None else value


def _measure_people(
    session: Session,
    catalog: Catalog,
    crowd: Crowd,
    asked: Terms,
    columns: Mapping[str, tuple[Column, Column]],
    now: datetime,
) -> None:
    t = catalog[EMPLOYEE].table.c
    place = {int(one): at for at, one in enumerate(crowd.ids)}
    everybody = select(t.id).where(t._removed_at.is_(None), t.status != "left")
    for row in person_figures.measured(session, catalog, asked, everybody, now):
        at = place.get(row["employee_id"])
        if at is not None:
            actual, plan = columns[row["line"]]
            actual[at], plan[at] = _known(row["actual"]), _known(row["plan"])
