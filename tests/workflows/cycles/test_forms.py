"""The form of a review: pinned at the launch, each side its own sections, asked for when handed in."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from metadata import access, publish
from metadata.engine import publishing
from metadata.errors import Invalid
from metadata.parser import thawed
from workflows.cycles import forms, handing_in, launching, opening, rating, terms
from workflows.cycles.forms import Answers
from workflows.cycles.rating import Proposal


@pytest.fixture
def formed(company):
    """Derek's cycle runs with the appraisal form."""
    company.write(opening.change, "derek", company.production, {"form": "appraisal"})
    company.write(launching.launch, "derek", company.production)
    company.settle()
    return company


def pointers(error):
    return [problem.pointer for problem in error.value.problems]


def kept(company, account="emma"):
    review = company.review(account)["id"]
    with Session(company.engine) as session:
        pinned = terms.pinned(session, company.production).terms
        return forms.answers(session, company.catalog, pinned, review)


def publish_form(company, **changed):
    document = thawed(company.catalog["appraisal"].definition.document)
    for name, schema in changed.items():
        if schema is None:
            del document["properties"][name]
            for section in document["x-review"]["sections"]:
                section["fields"] = [n for n in section["fields"] if n != name]
                section["required"] = [n for n in section.get("required", ()) if n != name]
            document["x-review"]["sections"] = [s for s in document["x-review"]["sections"] if s["fields"]]
            document["x-i18n"]["zh"]["properties"].pop(name, None)
        else:
            document["properties"][name] |= schema
    with publishing(), Session(company.engine) as session, session.begin():
        publish.publish(
            session, company.catalog, [document], actor=access.system(), comment="", now=company.now,
            confirm=["appraisal"],
        )  # fmt: skip


def test_a_form_must_be_one_and_stays_as_it_was_at_the_launch(company):
    with pytest.raises(Invalid) as error:
        company.write(opening.change, "derek", company.production, {"form": "employee"})
    assert pointers(error) == ["/form"]
    company.write(opening.change, "derek", company.production, {"form": "appraisal"})
    company.write(launching.launch, "derek", company.production)
    with pytest.raises(Invalid) as error:
        company.write(opening.change, "derek", company.production, {"form": ""}, form="text")
    assert pointers(error) == ["/form"]


def test_the_self_side_keeps_drafts_and_is_asked_for_the_rest_when_handing_in(formed):
    emma = formed.review("emma")["id"]
    formed.write(handing_in.save, "emma", emma, "", None, answers=Answers({"own_teamwork": "4"}))
    assert (kept(formed)["own_teamwork"], kept(formed)["proud"]) == (4, None)
    with pytest.raises(Invalid) as error:
        formed.write(handing_in.save, "emma", emma, "", None, hand_in=True, answers=Answers({"own_teamwork": "9"}))
    assert set(pointers(error)) == {"/self_comment", "/answer_own_teamwork", "/answer_proud"}
    assert kept(formed)["own_teamwork"] == 4, "nothing is half-written"
    formed.write(handing_in.save, "emma", emma, "Well.", None, hand_in=True, answers=Answers({"proud": "The new line"}))
    assert kept(formed)["proud"] == "The new line"


def test_each_side_writes_its_own_sections_only(formed):
    emma = formed.review("emma")["id"]
    given = Answers({"proud": "All", "teamwork": "5", "next_step": "mine", "review": "1"})
    formed.write(handing_in.save, "emma", emma, "Well.", None, hand_in=True, answers=given)
    assert (kept(formed)["teamwork"], kept(formed)["next_step"]) == (None, None)
    proposal = Proposal(formed.review("emma")["computed_rating"], "Well done.")
    with pytest.raises(Invalid) as error:
        formed.write(rating.propose, "derek", emma, proposal)
    assert set(pointers(error)) == {"/answer_teamwork", "/answer_reliability"}
    marks = Answers({"teamwork": 5, "reliability": 4, "proud": "not his"}, "json")
    formed.write(rating.propose, "derek", emma, proposal, answers=marks)
    found = kept(formed)
    assert (found["teamwork"], found["reliability"], found["proud"]) == (5, 4, "All")


def test_questions_stay_as_pinned_and_one_that_was_taken_out_is_asked_no_more(formed):
    publish_form(formed, proud={"title": "Something else"})
    publish_form(formed, learned=None)
    with Session(formed.engine) as session:
        pinned = terms.pinned(session, formed.production).terms
    asked = [q.field for one in forms.sections(formed.catalog, pinned, "self") for q in one.questions]
    assert [(f.name, f.title()) for f in asked] == [
        *(("proud", "What are you proud of?"), ("own_teamwork", "I help my colleagues"))
    ]
    assert [choice.label("zh") for choice in asked[1].enum] == ["几乎从不", "很少", "有时", "经常", "总是"]
