"""The quiz in the browser's eyes, and a place that is refused for what comes before: said where it was asked."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata import access, records
from metadata.engine import writing
from portal import catalogs, units
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.test_history import speaks

QUESTIONS = [{"question": "Guard open?", "first": "Go on", "second": "Stop <the> line", "correct": 2}]


def course(app, code, **values):
    with app.app_context():
        catalog = catalogs.current()
        table = catalog["course"].table.c
        found = db.session().execute(select(table.id).where(table.code == code)).scalar_one()
        db.session.rollback()
        if values:
            with writing(), Session(db.engine) as session, session.begin():
                records.change(session, catalog, "course", access.system(), found, values, now=units.utcnow())
        db.session.remove()
        return found


def session_of(app, course_id, state="open"):
    with app.app_context():
        table = catalogs.current()["training_session"].table.c
        asked = select(table.id).where(table.course == course_id, table.status == state)
        found = db.session().execute(asked).scalars().first()
        db.session.remove()
        return found


def test_a_quiz_is_taken_by_who_has_a_place_and_tells_nothing_before(portal):
    here = f"/training/quiz/{course(portal, 'SAFE-1', quiz=QUESTIONS)}"
    emma = logged_in(portal, "emma")
    assert f'href="{here}"' in emma.get("/training/").text
    page = emma.get(here).text
    assert "Stop &lt;the&gt; line" in page
    version = page.split('name="_version" value="')[1].split('"')[0]
    empty = emma.post(here, data={"_version": version})
    assert (empty.status_code, 'id="error-q0">Choose an answer.' in empty.text) == (422, True)
    assert emma.post(here, data={"_version": "0", "q0": "2"}).status_code == 409
    assert emma.post(here, data={"_version": version, "q0": "1"}).status_code == 303
    tried = emma.get(here).text
    assert "Wrong last time" in tried
    assert ">right<" not in tried
    assert emma.post(here, data={"_version": version, "q0": "2"}).status_code == 303
    passed = emma.get(here).text
    assert "You have passed this quiz." in passed
    assert ">right<" in passed
    speaks(emma, "zh")
    assert "您已通过此测验。" in emma.get(here).text
    for account in ("liwei", "hana", "audrey"):
        assert logged_in(portal, account).get(here).status_code == 404
    assert portal.test_client().get(here).status_code == 302
    for account in ("emma", "derek", "audrey"):
        client = logged_in(portal, account)
        number = here.rsplit("/", 1)[1]
        assert "Stop" not in client.get(f"/records/course/show/{number}").text
        assert "quiz" not in client.get(f"/api/v1/course/{number}").json["result"]


def test_what_comes_before_is_told_and_hr_gives_a_reason(portal):
    before = course(portal, "PROD-1")
    after = course(portal, "SALE-1", prerequisites=[before])
    held = session_of(portal, after)
    here = f"/training/sessions/{held}"
    emma, hana = logged_in(portal, "emma"), logged_in(portal, "hana")
    refused = emma.post(f"{here}/join")
    assert (refused.status_code, "Product knowledge, basics" in refused.text) == (422, True)
    page = hana.get(here).text
    assert "Reason, where somebody lacks a course that comes before" in page
    with portal.app_context():
        table = catalogs.current()["employee"].table.c
        number = db.session().execute(select(table.id).where(table.account == "emma")).scalar_one()
        db.session.remove()
    assert hana.post(f"{here}/enrol", data={"employees": [number]}).status_code == 422
    assert hana.post(f"{here}/enrol", data={"employees": [number], "waived": "knows it all"}).status_code == 303
