"""The definition dialect: whether documents are definitions, with every problem at once.

Publishing, the designer, REST and `plumbline definitions check` ask it about documents from anywhere; a
catalog read back from the database is not asked about again. Promises: whatever it is given, it answers
with Problems within a second and never raises; what it lets through can be parsed, compiled and published.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from metadata import parser
from metadata.catalog import Catalog
from metadata.dialect import meaning, plain, shape, together
from metadata.errors import DefinitionError, Problem
from metadata.model import Definition
from metadata.parser import thawed

__all__ = ["check", "require"]

MOST_DOCUMENTS = 1000
REFUSED = "The definitions can't be published yet."


def check(
    documents: Iterable[Mapping[str, Any]], known: Catalog | None = None, *, restoring: bool = False
) -> list[Problem]:
    """Every problem of `documents`, which are to join the catalog `known`; an empty list when there is none.

    A document as it is in force today is taken as it is. `{"$id": …, "x-withdrawn": true}` withdraws one.
    `restoring`: an earlier catalog comes back, also without fields that workflows came to rely on.
    """
    found: list[Problem] = []
    changed: dict[str, Definition] = {}
    withdrawn: set[str] = set()
    seen: set[str] = set()
    given = list(islice(documents, MOST_DOCUMENTS + 1))
    if len(given) > MOST_DOCUMENTS:
        params = {"limit": MOST_DOCUMENTS}
        return [Problem("", "At most %(limit)s definitions can be read at once.", params)]
    for position, raw in enumerate(given, 1):
        source, problems, document = _alone(raw, position, known)
        if source in seen:
            problems = [*problems, Problem("/$id", "There are two definitions called “%(name)s”.", {"name": source})]
        seen.add(source)
        found += (dataclasses.replace(problem, source=source) for problem in problems)
        if document is not None and together.WITHDRAWN in document:
            withdrawn.add(source)
        elif document is not None and not source.startswith("#"):
            changed.setdefault(source, parser.parse(meaning.sound_parts(document, problems)))
    among = together.problems(changed, frozenset(withdrawn), frozenset(seen), known, restoring=restoring)
    found += (dataclasses.replace(problem, source=name) for name, problem in among)
    return found


def require(documents: Iterable[Mapping[str, Any]], known: Catalog | None = None, *, restoring: bool = False) -> None:
    """Raise DefinitionError with every problem of `documents`, if there is one."""
    problems = check(documents, known, restoring=restoring)
    if problems:
        raise DefinitionError(REFUSED, problems=problems)


def _alone(raw: Any, position: int, known: Catalog | None) -> tuple[str, list[Problem], dict[str, Any] | None]:
    """The source, the problems of one document by itself, and the document where it can be looked at further."""
    problems = plain.problems(raw)
    name = raw.get("$id") if isinstance(raw, Mapping) else None
    if problems:
        return (name[: plain.LONGEST_KEY] if isinstance(name, str) else f"#{position}"), problems, None
    document = thawed(raw)
    source = name if isinstance(name, str) and name else f"#{position}"
    if together.WITHDRAWN in document:
        return source, _withdrawal(document, known), document
    current = known.entities.get(source) if known is not None else None
    # As text, since Python takes true for 1.
    if current is not None and json.dumps(document) == json.dumps(thawed(current.definition.document)):
        return source, [], document
    problems = shape.problems(document)
    if len(problems) >= shape.MOST_PROBLEMS:  # where else it is wrong is not known, so nothing in it can be relied on
        return source, problems, None
    return source, [*problems, *meaning.problems(document, problems)], document


def _withdrawal(document: Mapping[str, Any], known: Catalog | None) -> list[Problem]:
    if document[together.WITHDRAWN] is not True:
        return [Problem(f"/{together.WITHDRAWN}", "True or false is expected here.")]
    if known is None or document.get("$id") not in known:
        return [Problem("/$id", together.UNKNOWN, {"name": str(document.get("$id"))})]
    return []
