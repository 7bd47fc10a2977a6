"""Tours: who is meant, in which language, and a progress that survives an edited definition."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from metadata import publish
from metadata.access import Actor, system
from metadata.engine import publishing
from metadata.errors import Invalid, NotFound
from metadata.parser import thawed
from workflows import tours


def names(company, actor) -> list[str]:
    return [tour.name for tour in company.read(tours.tours, actor)]


def test_each_role_has_its_own_and_everybody_with_a_record_the_week(company):
    meant = {
        account: names(company, company.actor(account)) for account in ("hana", "derek", "tariq", "emma", "audrey")
    }
    assert meant == {
        "hana": ["change_a_kpi", "my_week"],
        "derek": ["my_week", "run_a_review"],
        "tariq": ["hold_a_session", "my_week"],
        "emma": ["my_week"],
        "audrey": ["my_week"],
    }
    assert names(company, Actor("robot", frozenset({"Integration"}))) == []
    for name in ("run_a_review", "employee", "nothing"):
        with pytest.raises(NotFound):
            company.read(tours.tour, company.actor("emma"), name)
        with pytest.raises(NotFound):
            company.write(tours.move, "emma", name, state="started", step=0)


def test_speaks_the_reader_s_language(company):
    emma = company.actor("emma")
    assert company.read(tours.tour, emma, "my_week", "zh").steps[0].title == "待办事项"
    assert company.read(tours.tour, emma, "my_week").steps[0].title == "What is due"


def test_progress_is_each_person_s_own_and_what_makes_no_sense_is_refused(company):
    company.write(tours.move, "emma", "my_week", state="started", step=3)
    company.write(tours.move, "emma", "my_week", state="started", step=2)
    for state, step, field in (("finished", 1, "state"), ("started", 5, "step"), ("started", -1, "step")):
        with pytest.raises(Invalid) as error:
            company.write(tours.move, "emma", "my_week", state=state, step=step)
        assert error.value.problems[0].field_name == field
    mine, theirs = (company.read(tours.tour, company.actor(account), "my_week") for account in ("emma", "liwei"))
    assert (mine.state, mine.step, theirs.state, theirs.step) == ("started", 2, "", 0)


def test_a_tour_that_became_shorter_goes_on_at_its_last_step(company):
    company.write(tours.move, "emma", "my_week", state="started", step=4)
    document = thawed(company.catalog["my_week"].definition.document)
    document["x-walkthrough"]["steps"] = document["x-walkthrough"]["steps"][:2]
    with publishing(), Session(company.engine) as session, session.begin():
        company.catalog = publish.publish(
            session, company.catalog, [document], actor=system("test"), comment="shorter", now=company.now
        )
    assert company.read(tours.tour, company.actor("emma"), "my_week").step == 1
