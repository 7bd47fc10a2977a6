"""Moving a field's values from the column they live in to another: which fields move, and what each value becomes.

Called by `planning` (`planned`) and by `transfer`, which goes through the records with a `Judge`. Pure but for what
`Past` and labels read. The rule, forwards and back: a row whose new column already says the same as the old one keeps
it as it is; else the old value is converted; what does not convert is empty and listed. See docs/decisions/0041.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from metadata import changes, fieldtypes, side_tables
from metadata.converting import Labels, Step, no_labels
from metadata.fieldtypes import BadValue
from metadata.model import Definition, Field
from metadata.names import constraint_name
from metadata.past import Lived, Past
from metadata.validation import Single

CHUNK = 2000
SAMPLES = 5
TEXT_SHOWN = 80
Fill = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Move:
    """The values of `target` come from the column of `source`, by `steps`; `held` is how the column that is there
    already was used last. Without a source they come from `fill` alone. `refill` is the `fill` that a move back undoes.
    Of a field of rows `within` is their list, and the fields of `definition` are those of a row.
    """

    definition: Definition
    target: Field
    source: Field | None = None
    held: Field | None = None
    steps: tuple[Step, ...] = ()
    fill: Fill | None = None
    refill: Fill | None = None
    staged: bool = False
    within: Field | None = None

    @property
    def name(self) -> str:
        """What the filled field is called: of rows `list.field`."""
        return f"{self.within.name}.{self.target.name}" if self.within else self.target.name

    @property
    def table_name(self) -> str:
        """The table whose rows are moved: that of the records, or of the rows of the list `within`."""
        return side_tables.name_of(self.definition, self.within) if self.within else self.definition.table_name

    @property
    def marker(self) -> str:
        """The column that says beside a staged value which version of the record it was made from."""
        return marker(self.target.column)

    @property
    def temporary(self) -> str:
        """The name of the table that holds the new values until they are written."""
        if self.within:
            return constraint_name("moverow", self.definition.name, f"{self.within.column}__{self.target.column}")
        return constraint_name("move", self.definition.name, self.target.column)


def marker(column: str) -> str:
    """See `Move.marker`; no field's column begins with an underscore."""
    return f"_v_{column}"


def planned(
    old: Definition,
    new: Definition,
    past: Past,
    labels: Labels,
    fills: Callable[[Definition, Field], Fill | None],
    *,
    staging: bool = False,
) -> list[Move]:
    """The moves that bring the values of `old` into the columns of `new`.

    `staging`: start values of new fields are moves too, since nothing is to be left for the end.
    """
    found = list(_moves(old, changes.pairs(old, new), past, labels, fills, staging))
    for before, after in changes.pairs(old, new):
        if before is not None and after is not None and before.rows and before.column == after.column:
            row, lived = replace(old, fields=before.rows), past.rows(after.column)
            pairs = changes.paired(before.rows, after.rows)
            found += [replace(m, within=after) for m in _moves(row, pairs, lived, labels, fills, staging=True)]
    return found


def _moves(
    old: Definition,
    pairs: Iterable[tuple[Field | None, Field | None]],
    past: Lived,
    labels: Labels,
    fills: Callable[[Definition, Field], Fill | None],
    staging: bool,
) -> Iterator[Move]:
    for before, after in pairs:
        if after is None or (before is not None and before.column == after.column):
            continue
        source = before or _lived_in(after, past)
        if after.formula is not None or (source is not None and source.formula is not None):
            continue
        fill, staged = fills(old, after), marker(after.column) in past.columns
        if source is not None and source.column != after.column:
            held = past.fields.get(after.column) if after.column in past.columns else None
            steps = tuple(way(source, after, past, labels))
            refill = fills(old, source) if steps and steps[0].back else None
            yield Move(old, after, source, held, steps, fill, refill, staged)
        elif source is None and (staged or after.column not in past.columns):
            if fill is not None or ((staged or staging) and after.required and after.has_default):
                yield Move(old, after, fill=fill, staged=staged)


def _lived_in(item: Field, past: Lived) -> Field | None:
    """Of a field that returns: as it was in force last."""
    if item.column not in past.columns and not item.was:
        return None
    last = past.last(item.origin)
    return last if last is not None and last.column in past.columns else None


def way(source: Field, target: Field, past: Lived, labels: Labels) -> Iterator[Step]:
    """Back from the source to where the two parted, then on to the target, as the values went once."""
    up, down = (source.column, *source.was), (target.column, *target.was)
    meeting = next((column for column in up if column in down), None)
    if meeting is None:
        yield Step(source, target, labels=labels)
        return
    known = {**past.fields, source.column: source, target.column: target}
    back = [known[c] for c in up[: up.index(meeting) + 1] if c in known]
    on = [known[c] for c in reversed(down[: down.index(meeting) + 1]) if c in known]
    for child, parent in pairwise(back):
        yield Step(child, parent, child.moves.get("values", {}), back=True, labels=labels)
    for parent, child in pairwise(on):
        yield Step(parent, child, child.moves.get("values", {}), labels=labels)


@dataclass
class Row:
    """What becomes of one record's value."""

    kind: str
    value: Any = None
    reason: BadValue | None = None


class Judge:
    """Decides row by row; made once for a move."""

    def __init__(self, move: Move) -> None:
        self.move = move
        self.back = tuple(
            Step(s.target, s.source, s.values, back=not s.back, labels=s.labels) for s in reversed(move.steps)
        )
        self.single = Single(move.target)
        self.shown = Step(move.target, move.target, labels=move.steps[-1].labels if move.steps else no_labels)
        self.default = _default(move.target) if move.target.required else None
        self.undone = _default(move.source) if move.source and move.source.required else None

    def row(self, given: Any, held: Any, values: Mapping[str, Any]) -> Row:
        """By the rule at the head of this module."""
        if self.move.held is not None and self._says_the_same(held, given, values):
            wrong = misfit(self.move.target, self.single, held)
            return Row("misfits", held, wrong) if wrong else Row("returns" if held is not None else "empty", held)
        made, reason = _along(self.move.steps, given) if self.move.source else (None, None)
        if made is not None:
            return Row("converts", made)
        filled = self._filled(values)
        if filled is not None:
            return Row("filled", filled)
        return Row("fails", None, reason) if reason else Row("empty")

    def _says_the_same(self, held: Any, given: Any, values: Mapping[str, Any]) -> bool:
        """Whether the old column has what it would get from the new one: then nobody changed it since."""
        if held is None and given is None:
            return False  # nothing to keep, perhaps something to fill
        made, _reason = _along(self.back, held)
        if made is None and held is not None and given is not None:  # it did not convert and something was filled in
            refilled = self.move.refill(values) if self.move.refill else None
            made = self.undone if refilled is None else refilled
        return bool(made == given)

    def _filled(self, values: Mapping[str, Any]) -> Any:
        made = self.move.fill(values) if self.move.fill else None
        return self.default if made is None else made


def misfit(item: Field, single: Single, held: Any) -> BadValue | None:
    """What keeps a stored value from being one of `item`; None when nothing does. `single` are the item's bounds."""
    if held is None:
        return None
    try:
        fieldtypes.of(item).from_json(item, held)
    except BadValue as bad:
        return bad
    problem = single.problem(held)
    return BadValue(problem.message, **problem.params) if problem else None


def _default(item: Field) -> Any:
    return fieldtypes.of(item).from_json(item, item.default) if item.has_default else None


def _along(steps: Sequence[Step], given: Any) -> tuple[Any, BadValue | None]:
    """The value at the end of the way; None and the reason where it gets lost."""
    for step in steps:
        try:
            given = step.value(given)
        except BadValue as bad:
            return None, bad
    return given, None
