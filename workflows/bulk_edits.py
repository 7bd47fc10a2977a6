"""One field of many records changed at once: tried out first, done at once or as a job, and undone.

Called by the list pages and REST; jobs.py calls `run` chunk by chunk. Which records are meant is written down when the
change begins, so that a list that moves meanwhile changes nothing; each record's former value and its version stay, so
that undoing restores exactly those that nobody has touched since. All writing goes through the record door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from metadata import access, fieldtypes, records, validation
from metadata.access import Actor
from metadata.catalog import Catalog, Entity
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from metadata.model import Field
from metadata.records import Edited, FieldEdit, Filter, Query
from metadata.records.write import NOT_SAVED
from metadata.validation import UTC_ZONE, Form
from workflows import jobs
from workflows.jobs import Job, Step, job_kind
from workflows.store import bulk_edits, bulk_items

KIND = "bulk_edit"
AT_ONCE = 200
CHUNK = 500
MOST = 100_000
LOOKED_AT = 500
EXAMPLES = 5
LOCKED = "Your role may not set this field."
WORDS = {"same": "unchanged"}  # as other jobs call it in their results
WAITING, CHANGED, SAME, REFUSED, UNDONE, KEPT = "waiting", "changed", "same", "refused", "undone", "kept"


@dataclass(frozen=True)
class Selection:
    """Which records: those with these ids, or all that answer the question."""

    query: Query
    ids: tuple[int, ...] | None = None

    @property
    def asked(self) -> Query:
        """The question that finds them; an id of a hidden record finds nothing."""
        return self.query if self.ids is None else Query(filters=(Filter("id", "in", list(self.ids)),))


@dataclass(frozen=True)
class Preview:
    """What a change would do: to how many of those looked at (`whole`: all were), with examples."""

    total: int
    looked_at: int
    edited: Edited

    @property
    def whole(self) -> bool:
        return self.looked_at == self.total


@dataclass(frozen=True)
class BulkEdit:
    """One change of many records as it stands; `counts` says how many records are in which state."""

    id: int
    definition: str
    column: str
    operation: str
    value: Any
    account: str
    at: datetime
    undone_at: datetime | None
    job_id: int | None
    counts: Mapping[str, int]

    def field(self, entity: Entity) -> Field | None:
        """The field that it changed, under today's name."""
        return next((f for f in entity.definition.fields.values() if f.column == self.column), None)

    @property
    def waiting(self) -> int:
        return self.counts.get(WAITING, 0)

    @property
    def may_be_undone(self) -> bool:
        return self.undone_at is None and not self.waiting and bool(self.counts.get(CHANGED))


@dataclass(frozen=True)
class Item:
    """What became of one record."""

    record_id: int
    state: str
    before: Any
    after: Any
    problems: tuple[Problem, ...]


class _TriedOut(Exception):
    """Carries what a change did out of the savepoint that undoes it."""

    def __init__(self, edited: Edited) -> None:
        super().__init__()
        self.edited = edited


def read_edit(
    entity: Entity, actor: Actor, name: str, operation: str, raw: Any, form: Form = "json", zone: ZoneInfo = UTC_ZONE
) -> FieldEdit:
    """The change in Python values; raises Invalid for a field, an operation or a value that can't be."""
    free = {f.name: f for f in access.writable_somewhere(actor, entity, "edit")}
    if name not in free:
        raise Invalid(LOCKED, field="field")
    if operation == "clear":
        return FieldEdit(name, "clear")
    if operation not in ("set", "add") or (operation == "add" and not records.addable(free[name])):
        raise Invalid("Nothing can be added to this field.", field="operation")
    days = operation == "add" and free[name].type == "date"
    value = _days(name, raw) if days else _value(entity, name, raw, form, zone)
    if value is None:
        raise Invalid("Say which value it shall have, or choose to empty it.", field=name)
    return FieldEdit(name, "set" if operation == "set" else "add", value)


def _value(entity: Entity, name: str, raw: Any, form: Form, zone: ZoneInfo) -> Any:
    values, problems = validation.read(entity.definition, {name: raw}, form, zone)
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
    return values[name]


def _days(name: str, raw: Any) -> int | None:
    try:
        return int(str(raw)) if raw not in (None, "") else None
    except ValueError:
        raise Invalid("A whole number of days is expected here.", field=name) from None


def preview(
    session: Session, catalog: Catalog, actor: Actor, name: str, selection: Selection, edit: FieldEdit, now: datetime
) -> Preview:
    """What the change would do, by doing it to the first records and taking that back."""
    total = records.count(session, catalog, name, actor, selection.asked)
    some = records.ids(session, catalog, name, actor, selection.asked, most=LOOKED_AT)
    try:
        with session.begin_nested():
            raise _TriedOut(records.edit_field(session, catalog, name, actor, some, edit, now=now))
    except _TriedOut as tried:
        return Preview(total, len(some), tried.edited)


def start(
    session: Session, catalog: Catalog, actor: Actor, name: str, selection: Selection, edit: FieldEdit, now: datetime
) -> int:
    """Change the records now, or as a job where they are many; the number of the change."""
    entity = catalog[name]
    access.require(actor, entity, "edit")
    chosen = records.ids(session, catalog, name, actor, selection.asked, most=MOST + 1)
    if not chosen:
        raise Invalid("No record is selected.", field="ids")
    if len(chosen) > MOST:
        raise Invalid("At most %(count)s records are changed at once; narrow the list.", params={"count": MOST})
    field = entity.definition.fields[edit.field]
    row = {
        "definition": name,
        "column": field.column,
        "operation": edit.operation,
        "value": _kept(field, edit),
        "account": actor.username,
        "at": now,
    }
    edit_id = int(session.execute(insert(bulk_edits).values(row).returning(bulk_edits.c.id)).scalar_one())
    session.execute(insert(bulk_items), [{"edit_id": edit_id, "record_id": i, "state": WAITING} for i in chosen])
    _work_off(session, catalog, actor, edit_id, len(chosen), now)
    return edit_id


def undo(session: Session, catalog: Catalog, actor: Actor, edit_id: int, now: datetime) -> None:
    """Give the records their former values back, now or as a job; those that were changed since keep what they have."""
    edit = find(session, actor, edit_id)
    if edit.account != actor.username:
        raise NotAllowed("Only who made this change can undo it.")
    if not edit.may_be_undone:
        raise Conflict("There is nothing to undo here, or it is being undone already.")
    session.execute(update(bulk_edits).where(bulk_edits.c.id == edit_id).values(undone_at=now))
    mine = bulk_items.c.edit_id == edit_id, bulk_items.c.state == CHANGED
    session.execute(update(bulk_items).where(*mine).values(state=WAITING))
    _work_off(session, catalog, actor, edit_id, edit.counts[CHANGED], now)


def find(session: Session, actor: Actor, edit_id: int) -> BulkEdit:
    """One change with its counts; others' are told only to those who see every job."""
    row = session.execute(select(bulk_edits).where(bulk_edits.c.id == edit_id)).one_or_none()
    if row is None or not (row.account == actor.username or actor.unlimited or jobs.SEES_ALL & actor.roles):
        raise NotFound("There is no such change.")
    return _edit(row, _counts(session, [edit_id]).get(edit_id, {}))


def latest(session: Session, actor: Actor, definition: str, limit: int = 10) -> list[BulkEdit]:
    """This person's last changes of one list."""
    c = bulk_edits.c
    mine = c.account == actor.username, c.definition == definition
    rows = session.execute(select(bulk_edits).where(*mine).order_by(c.id.desc()).limit(limit)).all()
    counts = _counts(session, [row.id for row in rows])
    return [_edit(row, counts.get(row.id, {})) for row in rows]


def items(session: Session, edit_id: int, states: Sequence[str], limit: int) -> list[Item]:
    """The first records in one of these states."""
    c = bulk_items.c
    which = c.edit_id == edit_id, c.state.in_(states)
    rows = session.execute(select(bulk_items).where(*which).order_by(c.record_id).limit(limit))
    return [Item(r.record_id, r.state, r.before, r.after, _problems(r.problems)) for r in rows]


@job_kind(KIND, "Change many records: %(what)s", zh="批量修改记录：%(what)s")
def run(session: Session, job: Job, catalog: Catalog, actor: Actor, now: datetime) -> Step:
    """One chunk of a change or of its undoing."""
    edit = find(session, actor, int(job.payload["edit"]))
    _chunk(session, catalog, actor, edit, now)
    left = edit.waiting - CHUNK
    done = max(0, job.total - max(0, left))
    after = _counts(session, [edit.id]).get(edit.id, {}) if left <= 0 else {}
    result = {WORDS.get(state, state): number for state, number in after.items()}
    return Step(done, job.total, finished=left <= 0, result=result or None)


def _work_off(session: Session, catalog: Catalog, actor: Actor, edit_id: int, total: int, now: datetime) -> None:
    if total <= AT_ONCE:
        _chunk(session, catalog, actor, find(session, actor, edit_id), now)
        return
    edit = find(session, actor, edit_id)
    definition = catalog[edit.definition].definition
    what = {language: definition.plural(language) for language in ("en", "zh")}
    job_id = jobs.start(session, KIND, {"edit": edit_id}, actor, now, title_params={"what": what}, total=total)
    session.execute(update(bulk_edits).where(bulk_edits.c.id == edit_id).values(job_id=job_id))


def _chunk(session: Session, catalog: Catalog, actor: Actor, edit: BulkEdit, now: datetime) -> None:
    """The next records; forwards, or back where the change is being undone."""
    c = bulk_items.c
    mine = c.edit_id == edit.id, c.state == WAITING
    rows = session.execute(select(bulk_items).where(*mine).order_by(c.record_id).limit(CHUNK)).all()
    if not rows:
        return
    entity = catalog[edit.definition]
    field = edit.field(entity)
    if field is None or field not in access.writable_somewhere(actor, entity, "edit"):
        raise NotAllowed(LOCKED)
    if edit.undone_at is not None:
        before = {row.record_id: (row.version, row.before) for row in rows}
        done = records.restore_field(session, catalog, entity.name, actor, field.name, before, now=now)
        _note(session, edit.id, done, UNDONE, UNDONE, KEPT)
        return
    change = FieldEdit(field.name, edit.operation, _read(field, edit))  # type: ignore[arg-type]
    ids = [row.record_id for row in rows]
    done = records.edit_field(session, catalog, entity.name, actor, ids, change, now=now)
    _note(session, edit.id, done, CHANGED, SAME, REFUSED)


def _note(session: Session, edit_id: int, done: Edited, changed: str, same: str, refused: str) -> None:
    """Write down what became of each record; what it was before is kept once, when it changes."""
    rows = [
        {"r": c.id, "state": changed, "version": c.version, "before": c.before, "after": c.after} for c in done.changed
    ]
    names = ["state", "version", "before", "after"] if changed == CHANGED else ["state"]
    _mark(session, edit_id, names, rows)
    _mark(session, edit_id, ["state"], [{"r": record_id, "state": same} for record_id in done.unchanged])
    told = [{"r": record_id, "state": refused, "problems": _told(found)} for record_id, found in done.refused.items()]
    _mark(session, edit_id, ["state", "problems"], told)


def _mark(session: Session, edit_id: int, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    c = bulk_items.c
    values: dict[str, Any] = {name: bindparam(f"v_{name}", type_=c[name].type) for name in names}
    statement = update(bulk_items).where(c.edit_id == edit_id, c.record_id == bindparam("r")).values(values)
    given = [{"r": row["r"], **{f"v_{name}": row[name] for name in names}} for row in rows]
    session.connection().execute(statement, given)


def _told(problems: Iterable[Problem]) -> list[Any]:
    return [[p.pointer, p.message, {k: str(v) for k, v in p.params.items()}] for p in problems]


def _counts(session: Session, ids: Sequence[int]) -> dict[int, dict[str, int]]:
    c = bulk_items.c
    statement = select(c.edit_id, c.state, func.count()).where(c.edit_id.in_(ids)).group_by(c.edit_id, c.state)
    found: dict[int, dict[str, int]] = {}
    for edit_id, state, number in session.execute(statement):
        found.setdefault(edit_id, {})[state] = number
    return found


def _edit(row: Row[Any], counts: Mapping[str, int]) -> BulkEdit:
    names = [name for name in BulkEdit.__dataclass_fields__ if name != "counts"]
    return BulkEdit(**{name: row._mapping[name] for name in names}, counts=counts)


def _kept(field: Field, edit: FieldEdit) -> Any:
    """The value as JSON; days that are added to a date are a number already."""
    if edit.value is None or (edit.operation == "add" and field.type == "date"):
        return edit.value
    return fieldtypes.of(field).to_json(edit.value)


def _read(field: Field, edit: BulkEdit) -> Any:
    if edit.value is None or (edit.operation == "add" and field.type == "date"):
        return edit.value
    return fieldtypes.of(field).from_json(field, edit.value)


def _problems(found: Any) -> tuple[Problem, ...]:
    return tuple(Problem(pointer, message, params) for pointer, message, params in found or ())
