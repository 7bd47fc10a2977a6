"""The desk of a draft: a definition from nothing, places and sections, steps back and forth, own and shared drafts."""

from __future__ import annotations

import re

import pytest

from metadata import drafts
from portal.extensions import db
from tests.portal.demo_site import logged_in

HERE = "/designer/production_output"
AUDIT = {"title": "Safety audit", "title_zh": "安全检查", "plural": "Safety audits", "kind": "entity", "group": "data"}
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


@pytest.fixture
def olga(portal):
    """A second person who designs."""
    with portal.app_context():
        manager = portal.appbuilder.sm
        manager.add_user("olga", "Olga", "Berg", "olga@example.com", [manager.find_role("HR admin")], "olga-demo-pass")
        db.session.remove()
    return logged_in(portal, "olga")


def draft(app, name="production_output", owner=""):
    with app.app_context():
        found = drafts.load(db.session(), name, owner)
        db.session.remove()
    return found


def hidden(client, path=HERE):
    text = client.get(path).text
    return {key: re.search(rf'name="{key}" value="([^"]*)"', text)[1] for key in ("revision", "side")}


def send(client, path, here=HERE, headers=None, **data):
    return client.post(here + path, data={**hidden(client, here), **data}, headers=headers)


def sections(app, **which):
    return [s["fields"] for s in draft(app, **which).document["x-screen"]["sections"]]


class TestANewDefinition:
    def test_from_nothing_to_its_pages(self, portal, hana):
        made = hana.post("/designer/new-definition", data=AUDIT)
        assert made.headers["Location"].startswith("/designer/safety_audit")
        assert "New, draft by hana" in hana.get("/designer/").text
        here = "/designer/safety_audit"
        assert "No field yet" in hana.get(here).text
        assert send(hana, "/field", here, title="Place", type="text", required="1", listed="1").status_code == 303
        assert send(hana, "/publish", here, comment="We audit").status_code == 303
        assert "Place" in hana.get("/records/safety_audit/add").text
        with hana.session_transaction() as session:
            session["locale"] = "zh"
        assert "安全检查" in hana.get("/designer/").text

    @pytest.mark.parametrize("start", ["register", "request", "checklist", "kpi", "courses", "survey", "objective"])
    def test_every_starting_point_can_be_published_as_it_is(self, hana, start):
        assert hana.post("/designer/new-definition", data={**AUDIT, "start": start}).status_code == 303
        here = "/designer/safety_audit"
        seen = hana.get(f"{here}/preview").text
        assert "What stands in the way" not in seen
        assert send(hana, "/publish", here, comment="Begun").status_code == 303
        room = "/surveys/safety_audit/results" if start == "survey" else "/records/safety_audit/list/"
        assert hana.get(room).status_code == 200

    def test_a_copy_has_columns_of_its_own_and_can_be_published(self, portal, hana):
        made = hana.post("/designer/new-definition", data={**AUDIT, "start": "copy", "copy": "employee"})
        assert made.status_code == 303
        kept = draft(portal, "safety_audit").document
        assert "x-directory" not in kept
        assert not any("x-id" in p or "x-core" in p for p in kept["properties"].values())
        assert send(hana, "/publish", "/designer/safety_audit", comment="Copied").status_code == 303

    @pytest.mark.parametrize(
        ("at", "wrong"),
        [("title", {"title": ""}), ("name", {"name": "Not A Name"}), ("name", {"name": "employee"}),
         ("name", {"name": "select"}), ("kind", {"kind": "wish"}), ("copy", {"start": "copy"}), ("group", {"group": "x"})],
    )  # fmt: skip
    def test_what_is_wrong_is_said_at_its_input_and_comes_back_as_typed(self, portal, hana, at, wrong):
        answer = hana.post("/designer/new-definition", data={**AUDIT, "name": "safety_audit", **wrong})
        assert answer.status_code == 422
        assert f'id="error-{at}"' in answer.text
        assert 'value="安全检查"' in answer.text
        assert draft(portal, "safety_audit") is None

    def test_a_discarded_one_is_gone_and_its_name_free(self, hana):
        hana.post("/designer/new-definition", data=AUDIT)
        assert hana.post("/designer/new-definition", data=AUDIT).status_code == 422
        assert send(hana, "/discard", "/designer/safety_audit").headers["Location"] == "/designer/"
        assert hana.get("/designer/safety_audit").status_code == 404
        assert hana.post("/designer/new-definition", data=AUDIT).status_code == 303


class TestPlacesAndSections:
    def test_a_field_is_dropped_into_another_section(self, portal, hana):
        answer = send(hana, "/place/note", headers=SCRIPT, section="0", position="1")
        assert "“Note” is now in place 2 of 5 in “What”." in answer.text
        assert sections(portal)[0] == ["day", "note", "department", "line", "shift"]

    def test_sections_are_added_named_moved_and_removed(self, portal, hana):
        send(hana, "/sections", title="Rest", title_zh="其他")
        send(hana, "/place/note", section="2")
        assert sections(portal)[2] == ["note"]
        send(hana, "/sections/2", act="up")
        send(hana, "/sections/1", act="name", title="More", title_zh="更多")
        kept = draft(portal).document
        assert [s["title"] for s in kept["x-screen"]["sections"]] == ["What", "More", "How much"]
        assert kept["x-i18n"]["zh"]["sections"]["More"] == "更多"
        send(hana, "/sections/1", act="remove")
        assert sections(portal)[0][-1] == "note"

    def test_a_section_needs_a_title_of_its_own(self, portal, hana):
        assert "needs a title" in send(hana, "/sections", headers=SCRIPT, title=" ").text
        assert "already a section" in send(hana, "/sections", headers=SCRIPT, title="What").text
        assert draft(portal) is None

    def test_columns_are_moved_shown_and_taken_out(self, portal, hana):
        send(hana, "/columns/note", to="in")
        send(hana, "/columns/day", to="out")
        send(hana, "/columns/note", to="up")
        assert draft(portal).document["x-screen"]["list"][-2:] == ["note", "produced"]
        for name in ("department", "line", "shift", "planned", "note"):
            send(hana, f"/columns/{name}", to="out")
        assert "one column or more" in send(hana, "/columns/produced", headers=SCRIPT, to="out").text


class TestRename:
    def test_the_values_stay_and_everything_follows(self, portal, hana):
        before = hana.get("/api/v1/production_output/?page_size=1").json["result"][0]["line"]
        form = {"title": "Line", "type": "choice", "choice_value": ["stamping", "casting", "assembly"], "listed": "1"}
        assert send(hana, "/field/line", name="belt", **form).status_code == 303
        kept = draft(portal).document
        assert list(kept["properties"])[2] == "belt"
        assert kept["x-unique"] == [["day", "department", "belt", "shift"]]
        assert "is now called belt" in hana.get(f"{HERE}/preview").text
        assert send(hana, "/publish", comment="Belts").status_code == 303
        assert hana.get("/api/v1/production_output/?page_size=1").json["result"][0]["belt"] == before

    def test_to_a_name_that_is_taken_is_refused(self, hana):
        form = {"title": "Line", "type": "choice", "choice_value": ["stamping"], "name": "shift"}
        assert "already a field called “shift”" in send(hana, "/field/line", **form).text

    def test_what_the_product_relies_on_keeps_its_name(self, portal, hana):
        form = {"title": "Plan", "type": "decimal", "name": "plan", "required": "1"}
        send(hana, "/field/planned", **form)
        assert "planned" in draft(portal).document["properties"]


class TestSteps:
    def test_go_back_one_by_one_and_forth_again(self, portal, hana):
        first = hana.get("/api/v1/definitions/production_output").json["result"]
        send(hana, "/move/shift", to="up")
        send(hana, "/sections", title="Rest")
        text = send(hana, "/undo", headers=SCRIPT).text
        assert "Undone: Added the section “Rest”." in text
        assert len(sections(portal)) == 2
        send(hana, "/undo")
        assert draft(portal).document == first
        assert "nothing left to undo" in send(hana, "/undo", headers=SCRIPT).text
        send(hana, "/redo")
        send(hana, "/redo")
        assert len(sections(portal)) == 3
        assert "nothing left to do again" in send(hana, "/redo", headers=SCRIPT).text

    def test_after_another_edit_what_was_undone_is_gone(self, portal, hana):
        send(hana, "/sections", title="Rest")
        send(hana, "/undo")
        send(hana, "/move/shift", to="up")
        send(hana, "/redo")
        assert len(sections(portal)) == 2
        send(hana, "/undo")
        assert sections(portal)[0] == ["day", "department", "line", "shift"]

    def test_they_survive_a_logout(self, portal, hana):
        send(hana, "/move/shift", to="up")
        hana.get("/logout/")
        again = logged_in(portal, "hana")
        send(again, "/undo")
        assert sections(portal)[0] == ["day", "department", "line", "shift"]

    def test_a_stale_page_undoes_nothing(self, portal, hana, olga):
        send(hana, "/move/shift", to="up")
        old = hidden(olga)
        send(hana, "/sections", title="Rest")
        answer = olga.post(f"{HERE}/undo", data=old, headers=SCRIPT)
        assert "hana saved this draft in the meantime" in answer.text
        assert len(sections(portal)) == 3


class TestOwnAndShared:
    def test_an_own_draft_is_seen_by_nobody_else_until_it_is_shared(self, portal, hana, olga):
        send(hana, "/private")
        send(hana, "/move/shift", to="up")
        assert draft(portal) is None
        assert draft(portal, owner="hana") is not None
        assert "Draft by" not in olga.get("/designer/").text
        assert "Your own draft" in hana.get("/designer/").text
        send(hana, "/share")
        assert draft(portal, owner="hana") is None
        assert sections(portal)[0][2] == "shift"
        assert "Draft by hana" in olga.get("/designer/").text
        send(olga, "/undo")  # the steps were shared with it
        assert sections(portal)[0][2] == "line"

    def test_replacing_a_shared_draft_has_to_be_said(self, portal, hana, olga):
        send(hana, "/private")
        send(hana, "/move/shift", to="up")
        send(olga, "/sections", title="Hers")
        refused = send(hana, "/share", headers=SCRIPT)
        assert "olga has a shared draft" in refused.text
        assert len(sections(portal)) == 3
        send(hana, "/share", over=str(draft(portal).revision))
        assert len(sections(portal)) == 2

    def test_both_can_be_looked_at_and_each_form_writes_to_its_own(self, portal, hana, olga):
        send(olga, "/sections", title="Hers")
        hana.post(f"{HERE}/private", data=hidden(hana, f"{HERE}?side=shared"))
        assert "Look at the shared draft by olga" in hana.get(HERE).text
        shared = hidden(hana, f"{HERE}?side=shared")
        hana.post(f"{HERE}/move/shift", data={**shared, "to": "up"})
        assert sections(portal)[0][2] == "shift"
        assert sections(portal, owner="hana")[0][2] == "line"

    def test_an_own_draft_can_be_published(self, portal, hana):
        send(hana, "/private")
        send(hana, "/move/shift", to="up")
        assert send(hana, "/publish", comment="Mine").status_code == 303
        assert draft(portal, owner="hana") is None
        assert list(hana.get("/api/v1/definitions/production_output").json["result"]["properties"])[2] == "shift"


class TestPresence:
    def test_two_who_have_it_open_are_told(self, hana, olga):
        assert "olga" not in send(hana, "/here").text
        assert "hana" in send(olga, "/here").text
        assert "olga" in send(hana, "/here").text

    def test_a_page_that_was_overtaken_is_told_so(self, hana, olga):
        old = hidden(olga)
        send(hana, "/move/shift", to="up")
        assert "Somebody saved this draft" in olga.post(f"{HERE}/here", data=old).text


class TestTheFormBesideIt:
    def test_is_the_role_s_in_the_chosen_language_from_the_draft(self, hana):
        send(hana, "/field", title="Crew", title_zh="班组", type="text")
        text = hana.get(f"{HERE}/form", query_string={"as": "Department head", "language": "zh"}).text
        assert "班组" in text
        assert 'lang="zh-CN"' in text
        assert "does not see" in hana.get(f"{HERE}/form", query_string={"as": "Employee", "language": "en"}).text
        seen = hana.get(f"{HERE}/form", query_string={"as": "Auditor", "language": "en"})
        assert "enters none" in seen.text
        assert "Crew" in seen.text
        assert "frame-ancestors 'self'" in seen.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in hana.get(HERE).headers["Content-Security-Policy"]

    def test_does_not_leak_its_language_into_the_page(self, hana):
        hana.get(f"{HERE}/form", query_string={"as": "HR admin", "language": "zh"})
        assert "Form and fields" in hana.get(HERE).text


@pytest.mark.parametrize("account", ["derek", "emma", "audrey"])
def test_who_does_not_design_finds_none_of_it(portal, account):
    client = logged_in(portal, account)
    for path in ("/designer/new-definition", f"{HERE}/form"):
        assert client.get(path).status_code == 404, path
    for path in (
        "/undo",
        "/redo",
        "/private",
        "/share",
        "/here",
        "/sections",
        "/sections/0",
        "/place/line",
        "/columns/line",
    ):
        assert client.post(HERE + path).status_code == 404, path
    assert client.post("/designer/new-definition", data=AUDIT).status_code == 404
    assert draft(portal) is None
