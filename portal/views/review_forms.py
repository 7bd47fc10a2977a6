"""The form of a review on its page: inputs for the side that writes, words for those who read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from metadata import fieldtypes
from metadata.catalog import Catalog
from metadata.errors import ProductError
from metadata.model import Field
from portal.access import language
from portal.formats import shown_value
from portal.views import forms
from portal.views.forms import Input
from workflows.cycles import forms as review_forms
from workflows.cycles.forms import PREFIX, Answers, Group, Section
from workflows.cycles.terms import Terms


@dataclass(frozen=True)
class Part:
    """A section of one side: its title, with inputs where it is written, with answers where it is read."""

    group: Group
    title: str
    inputs: Sequence[Input] = ()
    answers: Sequence[tuple[str, str]] = ()


def typed(catalog: Catalog, terms: Terms, group: Group) -> Answers:
    """The answers as they were sent."""
    fields = [_own(q.field) for one in review_forms.sections(catalog, terms, group) for q in one.questions]
    given = {name.removeprefix(PREFIX): text for name, text in forms.typed(fields, request.form).items()}
    return Answers(given, "text", forms.zone())


def parts(
    session: Session,
    catalog: Catalog,
    terms: Terms,
    review_id: int,
    writes: Collection[Group],
    reads: Collection[Group],
    error: ProductError | None,
) -> list[Part]:
    """What the page shows of the form: `writes` as inputs with what was typed, `reads` as words."""
    whole = review_forms.sections(catalog, terms)
    if not whole:
        return []
    kept = review_forms.answers(session, catalog, terms, review_id)
    found = []
    for one in whole:
        title = one.section.texts.get("title", language())
        if one.section.group in writes:
            found.append(Part(one.section.group, title, inputs=_inputs(one, kept, error)))
        elif one.section.group in reads:
            told = [
                (q.field.title(language()), shown_value(q.field, kept.get(q.field.name)) or "–") for q in one.questions
            ]
            found.append(Part(one.section.group, title, answers=told))
    return found


def _inputs(one: Section, kept: Mapping[str, Any], error: ProductError | None) -> list[Input]:
    sent = forms.typed([_own(q.field) for q in one.questions], request.form) if error else {}
    found = []
    for question in one.questions:
        field = _own(question.field)
        value = kept.get(question.field.name)
        text = "" if value is None else fieldtypes.of(question.field).to_text(value)
        made = forms.lone(field, {field.name: sent.get(field.name, text)}, error)
        found.append(replace(made, required=question.required))
    return found


def _own(field: Field) -> Field:
    return replace(field, name=f"{PREFIX}{field.name}")
