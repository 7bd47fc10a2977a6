"""What a publish will do, worked out before anything is done: documents with their columns, changes, moves.

Called by `publish` for previews and for the thing itself. Reads the catalog's history where a field returns; writes
nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from metadata import aligning, filling, identity, labelling, moving, purged, versions
from metadata.catalog import Catalog
from metadata.changes import Change, compare, returned
from metadata.model import Definition, Field
from metadata.moving import Move
from metadata.parser import thawed
from metadata.past import Past
from metadata.weighing import Scales

Document = Mapping[str, Any]


@dataclass
class Plan:
    """The catalog before and after, the documents that change (None: withdrawn), and for each what it means.

    `old` has withdrawn definitions that return as they were last.
    """

    old: Catalog
    new: Catalog
    documents: dict[str, Any]
    changes: dict[str, list[Change]] = field(default_factory=dict)
    moves: dict[str, list[Move]] = field(default_factory=dict)
    pasts: dict[str, Past] = field(default_factory=dict)

    def scales(self, session: Session, confirm: Sequence[str]) -> Scales:
        """What `weighing` asks for."""
        return Scales(session, self.old, self.new, self.changes, self.moves, self.pasts, confirm)


def plan(
    session: Session,
    catalog: Catalog,
    documents: Sequence[Document],
    *,
    restoring: bool = False,
    aside: Callable[[Definition, Field, Field], bool] | None = None,
) -> Plan:
    """What publishing `documents` over `catalog` means; those that say what is in force are left out.

    `aside` is given where everything that touches many records is to be made beside them first (see `staging`).
    """
    wanted: dict[str, Any] = {}
    absent = [n for d in documents if (n := str(d["$id"])) not in catalog]
    returning = versions.last_documents(session, set(absent) - purged.gone(session, absent))
    old = versions.apply(catalog, catalog.version, returning) if returning else catalog
    pasts = {str(d["$id"]): Past(session, str(d["$id"])) for d in documents}
    for document in documents:
        name = str(document["$id"])
        if document.get("x-withdrawn"):
            wanted[name] = None
            continue
        current = old[name].definition if name in old else None
        apart = partial(aside, current) if aside is not None and current is not None else identity.nowhere
        plain = identity.resolve(document, current, pasts[name], restoring=restoring, aside=apart)
        if name not in catalog or current is None or checksum(plain) != checksum(current.document):
            wanted[name] = plain
    made = Plan(old, versions.apply(catalog, catalog.version + 1, wanted), wanted, pasts=pasts)
    labels = labelling.labels(session, old)
    for name in wanted:
        before, after = (c[name].definition if name in c else None for c in (made.old, made.new))
        made.changes[name] = [] if name in catalog or before is None else [returned(before)]
        made.changes[name] += compare(before, after)
        if before is not None and after is not None:
            made.moves[name] = moving.planned(before, after, pasts[name], labels, filling.of, staging=aside is not None)
    return made


def checksum(document: Document) -> str:
    """A fingerprint that does not depend on the order of keys other than that of fields, in objects and rows too."""
    plain = thawed(document)
    within = [path for path in aligning.paths(plain) if "." in path]
    order = [*plain.get("properties", {}), *within]
    return hashlib.sha256(json.dumps([plain, order], sort_keys=True, ensure_ascii=False).encode()).hexdigest()
