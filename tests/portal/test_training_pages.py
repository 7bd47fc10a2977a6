"""Training, onboarding and tours over HTTP: from five sides, with bad input, at what cost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from metadata import publish, records
from metadata.access import system
from portal import catalogs, units
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows.demo import DEMO_LOGINS

ACCOUNTS = [login.username for login in DEMO_LOGINS]
NOW = datetime.now(UTC)
PAGE_STATEMENTS = 6
ROOT = Path(__file__).parent.parent.parent


def row_id(portal, name: str, **wanted) -> int:
    with portal.app_context():
        table = catalogs.current()[name].table.c
        found = (
            db.session()
            .execute(select(table.id).where(*[table[k] == v for k, v in wanted.items()]).limit(1))
            .scalar_one()
        )
        db.session.remove()
    return int(found)


def person(portal, account: str) -> int:
    return row_id(portal, "employee", account=account)


def create(portal, name: str, **values) -> int:
    with portal.app_context():
        session = db.session()
        made = records.create(session, catalogs.current(), name, system("test"), values, now=NOW)
        session.commit()
        db.session.remove()
    return made.id


@pytest.fixture
def held(portal) -> int:
    """Tariq's session with two places, which began an hour ago."""
    start = NOW - timedelta(hours=1)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=4)).isoformat()}
    course = row_id(portal, "course", code="SAFE-1")
    trainer = person(portal, "tariq")
    return create(
        portal, "training_session", course=course, title="G", status="open", capacity=2, trainer=trainer, **times
    )


def texts(answer) -> str:
    return answer.text.split("<main", 1)[1].split("</main>")[0]


class TestPages:
    @pytest.mark.parametrize("account", ACCOUNTS)
    def test_open_for_every_role_at_a_known_cost(self, portal, held, account):
        client, statements = logged_in(portal, account), []
        client.get("/help/")
        with portal.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        for path in (
            "/training/",
            "/training/?when=past&whose=all&page=0",
            f"/training/sessions/{held}",
            "/onboarding/",
            "/help/",
            "/help/menu",
        ):
            statements.clear()
            assert client.get(path).status_code == 200, path
            cost = [s for s in statements if not s.startswith("BEGIN")]
            assert len(cost) <= PAGE_STATEMENTS, (path, cost)

    def test_cost_the_same_with_a_hundred_people(self, portal, held):
        tariq, statements, counts = logged_in(portal, "tariq"), [], []
        with portal.app_context():
            event.listen(db.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
            table = catalogs.current()["employee"].table.c
            people = db.session().execute(select(table.id).where(table.status == "active").limit(100)).scalars().all()
            db.session.remove()
        large = row_id(portal, "training_session", title="Dashboards for heads")
        assert tariq.post(f"/training/sessions/{large}/enrol", data={"employees": people[:5]}).status_code in {303, 422}
        for who in (people[5:7], people[7:]):
            tariq.post(f"/api/v1/training/sessions/{large}/enrol", json={"employees": list(who)})
            statements.clear()
            tariq.get(f"/training/sessions/{large}")
            counts.append(list(statements))
        assert len(counts[0]) == len(counts[1]), [x for x in counts[1] if x not in counts[0]]

    def test_send_strangers_to_the_login(self, portal, held):
        client = portal.test_client()
        for path in (
            "/training/",
            f"/training/sessions/{held}",
            "/onboarding/",
            "/onboarding/1",
            "/help/",
            "/tours/my_week.json",
        ):
            assert "/login/" in client.get(path).headers["Location"]
        for path in (f"/training/sessions/{held}/enrol", "/onboarding/tasks/1", "/tours/my_week/start"):
            assert "/login/" in client.post(path).headers["Location"]
        assert client.get("/api/v1/training/sessions/").status_code == 401
        assert client.post(f"/api/v1/training/sessions/{held}/enrol", json={}).status_code == 401

    def test_unknown_and_forbidden_look_the_same(self, portal, held):
        liwei = logged_in(portal, "liwei")
        enrolled = row_id(portal, "enrolment", status="completed", employee=person(portal, "derek"))
        emma = person(portal, "emma")
        bodies = set()
        for path in (
            f"/training/proof/{enrolled}",
            "/training/proof/999999",
            f"/onboarding/{emma}",
            "/training/sessions/99999999999999999999",
            "/tours/run_a_review.json",
        ):
            answer = liwei.get(path)
            assert answer.status_code == 404, path
            bodies.add(texts(answer))
        assert len(bodies) == 1


class TestHolding:
    @pytest.mark.parametrize("account", ["derek", "sofia", "emma", "liwei", "audrey"])
    def test_is_not_for_those_who_only_may_see(self, portal, held, account):
        client, emma = logged_in(portal, account), person(portal, "emma")
        assert "Enrol people" not in client.get(f"/training/sessions/{held}").text
        for step, data in (
            ("enrol", {"employees": emma}),
            ("withdraw", {"withdraw": emma}),
            ("attendance", {f"present-{emma}": "yes"}),
            ("reopen", {"reopen": emma}),
        ):
            assert client.post(f"/training/sessions/{held}/{step}", data=data).status_code == 404
        rest = client.post(f"/api/v1/training/sessions/{held}/enrol", json={"employees": [emma]})
        assert (rest.status_code, rest.json["title"]) == (403, "Only the trainer of this session, or HR, can do this.")
        assert client.get(f"/api/v1/training/sessions/{held}").json["result"]["taken"] == 0

    def test_keeps_the_choice_and_says_what_is_wrong_at_its_field(self, portal, held):
        tariq, emma, liwei, derek = logged_in(portal, "tariq"), *(person(portal, a) for a in ("emma", "liwei", "derek"))
        path = f"/training/sessions/{held}/enrol"
        answer = tariq.post(path, data={"employees": [emma, liwei, derek]})
        assert answer.status_code == 422
        assert 'id="error-employees">Only 2 of 2 places are free, and 3 people were chosen.' in answer.text
        assert f'<option value="{emma}" selected>' in answer.text
        assert 'id="error-employees">Choose at least one person.' in tariq.post(path, data={}).text
        assert tariq.post(path, data={"employees": [emma]}).status_code == 303
        page = tariq.post(f"/training/sessions/{held}/attendance", data={"then": "complete", f"result-{emma}": "good"})
        assert page.status_code == 422
        assert f'id="error-{emma}"' in page.text
        assert 'value="good"' in page.text

    def test_of_a_session_that_has_not_begun_is_a_conflict(self, portal):
        tariq, emma = logged_in(portal, "tariq"), person(portal, "emma")
        coming = row_id(portal, "training_session", title="Safety, group B")
        answer = tariq.post(f"/training/sessions/{coming}/attendance", data={f"present-{emma}": "yes"})
        assert answer.status_code == 409
        assert "has not begun yet" in answer.text

    def test_goes_by_rest_alone_with_the_same_words(self, portal, held):
        tariq, emma, liwei = logged_in(portal, "tariq"), person(portal, "emma"), person(portal, "liwei")
        path = f"/api/v1/training/sessions/{held}"
        for body, pointer in (
            ({"employees": "x"}, "/employees"),
            ({"employees": [True]}, "/employees"),
            ({"employees": [emma, 999999]}, "/employees/1"),
        ):
            answer = tariq.post(f"{path}/enrol", json=body)
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
            assert answer.json["problems"][0]["pointer"] == pointer
        assert tariq.post(f"{path}/enrol", json={"employees": [emma, liwei]}).json["result"]["taken"] == 2
        for people, pointer in (
            ([1], "/people"),
            ({str(emma): {}}, f"/people/{emma}/present"),
            ({str(emma): {"present": True, "result": 5}}, f"/people/{emma}/result"),
        ):
            answer = tariq.post(f"{path}/attendance", json={"people": people})
            assert (answer.status_code, answer.json["problems"][0]["pointer"]) == (422, pointer)
        people = {str(emma): {"present": True, "result": "passed"}, str(liwei): {"present": False}}
        done = tariq.post(f"{path}/complete", json={"people": people}).json["result"]
        assert (done["status"], {p["employee"]: p["status"] for p in done["people"]}) == (
            "held",
            {emma: "completed", liwei: "absent"},
        )
        back = tariq.post(f"{path}/reopen", json={"employees": [emma]}).json["result"]
        assert {p["employee"]: p["status"] for p in back["people"]}[emma] == "attended"

    def test_joining_is_my_own_by_page_and_rest(self, portal):
        emma = logged_in(portal, "liwei")
        coming = row_id(portal, "training_session", title="Safety, group B")
        assert emma.post(f"/training/sessions/{coming}/join").status_code == 303
        assert emma.post(f"/training/sessions/{coming}/join").status_code == 422
        places = emma.get("/api/v1/training/places/").json["result"]
        assert {"enrolled"} == {p["status"] for p in places if p["session"] == coming}
        assert emma.post(f"/api/v1/training/sessions/{coming}/withdraw", json={}).status_code == 200
        assert emma.post(f"/training/sessions/{coming}/leave").status_code == 422


def test_the_trainer_can_not_set_states_past_the_table(portal):
    place = row_id(portal, "enrolment", status="enrolled")
    tariq = logged_in(portal, "tariq")
    assert tariq.get(f"/records/enrolment/edit/{place}").status_code == 404
    assert tariq.patch(f"/api/v1/enrolment/{place}", json={"status": "completed"}).status_code == 403


class TestOnboarding:
    def test_is_ticked_off_by_page_and_rest(self, portal):
        hana = logged_in(portal, "hana")
        board = hana.get("/api/v1/training/onboarding/").json["result"]
        employee = board[0]["employee"]
        items = hana.get(f"/api/v1/training/onboarding/{employee}").json["result"]
        task = next(item["id"] for item in items if not item["done"])
        assert hana.post(f"/api/v1/training/onboarding/tasks/{task}", json={"done": "yes"}).status_code == 422
        answer = hana.post(f"/api/v1/training/onboarding/tasks/{task}", json={"done": True}).json["result"]
        assert next(item for item in answer if item["id"] == task)["done"]
        back = hana.post(f"/onboarding/tasks/{task}", data={"done": "0"})
        assert back.headers["Location"] == f"/onboarding/{employee}"
        for account, status in (("sofia", 404), ("liwei", 404), ("audrey", 404), ("derek", 303)):
            assert (
                logged_in(portal, account).post(f"/onboarding/tasks/{task}", data={"done": "1"}).status_code == status
            )


class TestTours:
    def test_progress_is_kept_by_the_server_and_the_next_page_goes_on(self, portal):
        emma = logged_in(portal, "emma")
        assert "A tour is waiting for you: My week" in emma.get("/").text
        assert emma.post("/tours/my_week/start").headers["Location"] == "/"
        assert 'data-tour-url="/tours/my_week.json"' in emma.get("/training/").text
        moved = emma.post(
            "/tours/my_week/progress", data={"state": "started", "step": 2}, headers={"X-Requested-With": "tour"}
        )
        assert moved.status_code == 204
        assert logged_in(portal, "emma").get("/tours/my_week.json").json["step"] == 2
        emma.post("/tours/my_week/progress", data={"state": "started", "step": 2, "pause": "1"})
        assert "Go on with your tour: My week" in emma.get("/").text
        assert "Step 3 of 5" in emma.get("/help/menu").text
        emma.post("/tours/my_week/progress", data={"state": "done", "step": 4})
        assert "tour-offer" not in emma.get("/").text
        assert emma.post("/tours/my_week/progress", data={"state": "done", "step": 99}).status_code == 422

    def test_not_now_is_remembered(self, portal):
        emma = logged_in(portal, "emma")
        emma.post("/tours/my_week/progress", data={"state": "dismissed", "step": 0})
        assert "tour-offer" not in logged_in(portal, "emma").get("/").text

    def test_each_step_of_an_offered_tour_finds_its_element(self, portal):
        templates = "".join(path.read_text() for path in (ROOT / "portal" / "templates").rglob("*.html"))
        offered = set()
        for account in ACCOUNTS:
            client = logged_in(portal, account)
            for name in re.findall(r'action="/tours/(\w+)/start"', client.get("/help/").text):
                offered.add(name)
                for step in client.get(f"/tours/{name}.json").json["steps"]:
                    mark = re.fullmatch(r"\[data-tour=([\w-]+)\]", step["element"])[1]
                    numbered = "*" in step["page"]
                    text = templates if numbered else client.get(step["page"], follow_redirects=True).text
                    assert f'data-tour="{mark}"' in text, (account, name, step["page"], mark)
        assert {"hold_a_session", "my_week"} <= offered

    def test_a_tour_to_a_page_that_does_not_exist_is_not_offered(self, portal):
        document = {
            "$id": "to_nowhere",
            "x-kind": "walkthrough",
            "title": "To nowhere",
            "type": "object",
            "properties": {},
            "x-access": {"Employee": {"rows": "all", "can": ["list", "show"]}},
            "x-walkthrough": {
                "steps": [{"page": "/nowhere/*", "element": "main", "title": "N", "text": "N", "done": "visit"}]
            },
        }
        with portal.app_context():
            units.publish(lambda s, c: publish.publish(s, c, [document], actor=system("test"), comment="tour", now=NOW))
        emma = logged_in(portal, "emma")
        assert emma.get("/tours/to_nowhere.json").status_code == 200
        assert "To nowhere" not in emma.get("/help/").text
