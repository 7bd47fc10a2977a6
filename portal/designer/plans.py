"""What a conversion does to stored values, as pages and REST show it: counts for all, values for whoever may read them.

Who designs may not always read the records: values are shown only where the person may read this field of every record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from metadata import access
from metadata.access import Actor
from metadata.catalog import Catalog
from metadata.changes import Change, Conversion, Sample
from portal.errors import wording

COUNTS = {
    "converts": _l("Converted"),
    "returns": _l("Back as they were"),
    "filled": _l("Filled in"),
    "empty": _l("Empty"),
    "fails": _l("Not convertible, kept in the old column"),
    "misfits": _l("Stand in the way"),
}


@dataclass(frozen=True)
class Shown:
    """A conversion for a page: the counts that are not zero with their words, and some records."""

    counts: tuple[tuple[Any, int], ...]
    rows: tuple[dict[str, Any], ...]


def may_read(catalog: Catalog, actor: Actor, name: str, field: str) -> bool:
    """Whether the person may read this field of every record, as it is in force."""
    if name not in catalog or access.widest(actor, catalog[name], "show") != "all":
        return False
    readable = {item.name: item for item in access.readable(actor, catalog[name], "show")}
    above, _dot, inner = field.rpartition(".")
    return field in readable or (above in readable and inner in readable[above].rows)


def of_change(catalog: Catalog, actor: Actor, change: Change) -> Shown | None:
    """The plan of a change; None where nothing is converted."""
    plan = change.plan
    if plan is None:
        return None
    counts = tuple((words, number) for word, words in COUNTS.items() if (number := getattr(plan, word)))
    return Shown(counts, tuple(samples(plan, readable=may_read(catalog, actor, change.definition, change.field))))


def samples(plan: Conversion, *, readable: bool) -> Iterator[dict[str, Any]]:
    """Those that do not convert first."""
    yield from said((*plan.failing, *plan.samples), readable=readable)


def said(found: Iterable[Sample], *, readable: bool) -> Iterator[dict[str, Any]]:
    """Records with what they hold and get; only their numbers for who may not read the values."""
    for sample in found:
        if readable:
            reason = wording(sample.reason, sample.params) if sample.reason else ""
            yield {"id": sample.record_id, "before": sample.before, "after": sample.after, "reason": reason}
        else:
            yield {"id": sample.record_id}
