"""The history of definitions: every version with what it changed, any two compared, on pages and by REST; who may."""

from __future__ import annotations

import copy

import pytest

from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

ROOT = "/api/v1/definitions"
PAGES = ("/history/", "/history/1", "/history/of/production_output", "/history/compare?from=1&to=2")
MOST = 6


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False  # the test client's: the order of fields means something
    return logged_in(portal, "hana")


def publish(client, change, name="production_output", comment="Because", **more):
    """Publish a changed copy of what is in force; gives the version."""
    document = copy.deepcopy(client.get(f"{ROOT}/{name}").json["result"])
    change(document)
    answer = client.post(f"{ROOT}/publish", json={"documents": [document], "comment": comment, **more})
    assert answer.status_code == 200, answer.text
    return answer.json["version"]


def hide_the_note(document):
    document["x-access"]["Department head"]["hides"] = ["note"]


def shorten_the_note(document):
    document["properties"]["note"]["maxLength"] = 400


def require_quality(document):
    document["properties"]["quality"] = {
        "type": "string",
        "enum": ["good", "bad"],
        "default": "good",
        "title": "Quality",
    }
    document["required"].append("quality")


def speaks(client, language):
    with client.session_transaction() as session:
        session["locale"] = language


class TestWhoMay:
    @pytest.mark.parametrize("account", ["derek", "sofia", "emma", "tariq"])
    def test_others_find_nothing_there(self, portal, hana, account):
        publish(hana, hide_the_note)
        client = logged_in(portal, account)
        assert [client.get(path).status_code for path in PAGES] == [404] * len(PAGES)
        assert client.get(f"{ROOT}/diff").status_code == client.get(f"{ROOT}/production_output/diff").status_code == 404
        assert "/history/" not in client.get("/").text

    def test_nobody_is_asked_to_log_in(self, portal):
        client = portal.test_client()
        assert [client.get(path).status_code for path in PAGES] == [302] * len(PAGES)
        assert client.get(f"{ROOT}/diff").status_code == 401

    def test_the_auditor_reads_and_takes_nothing_back(self, portal, hana):
        publish(hana, hide_the_note)
        audrey = logged_in(portal, "audrey")
        assert [audrey.get(path).status_code for path in PAGES] == [200] * len(PAGES)
        assert "Take as draft" not in audrey.get("/history/of/production_output").text
        assert "Take as draft" in hana.get("/history/of/production_output").text


class TestPages:
    def test_a_version_says_what_changed_for_whom(self, hana):
        version = publish(hana, hide_the_note, comment="Notes are private")
        page = hana.get(f"/history/{version}").text
        assert "“Department head” can no longer see “Note”." in page
        assert "Notes are private" in page
        assert "/x-access/Department head/hides" in page
        speaks(hana, "zh")
        assert "“部门负责人”不再能看到“备注”。" in hana.get(f"/history/{version}").text

    def test_a_version_says_how_many_records_had_no_value(self, hana):
        number = hana.get("/api/v1/production_output/?page_size=1").json["count"]
        version = publish(hana, require_quality)
        assert f"Field “Quality” is new. {number} records had none." in hana.get(f"/history/{version}").text

    def test_a_definition_shows_its_own_versions_alone(self, hana):
        first = publish(hana, hide_the_note)
        other = publish(hana, lambda d: d.update({"x-icon": "star"}), "department")
        page = hana.get("/history/of/production_output").text
        assert f"/history/{first}" in page
        assert f'/history/{other}"' not in page
        assert hana.get("/history/of/ghost").status_code == 404

    def test_any_two_versions_are_compared_in_both_directions(self, hana):
        first = publish(hana, hide_the_note)
        last = publish(hana, shorten_the_note)
        forth = hana.get(f"/history/compare?from={first - 1}&to={last}").text
        assert "can no longer see “Note”" in forth
        assert "“Note” takes 400 characters at most (before: 500)." in forth
        back = hana.get(f"/history/compare?from={last}&to={first - 1}&definition=production_output").text
        assert "can now see “Note”" in back
        assert "These versions are alike." in hana.get(f"/history/compare?from={last}&to={last}").text

    def test_a_version_that_never_was_is_said(self, hana):
        answer = hana.get("/history/compare?from=1&to=99")
        assert answer.status_code == 422
        assert "There is no catalog version 99." in answer.text
        assert hana.get("/history/99").status_code == 404

    def test_the_pages_cost_few_statements(self, portal, hana):
        publish(hana, hide_the_note)
        for path in PAGES:
            hana.get(path)
            with statements(portal) as sent:
                assert hana.get(path).status_code == 200
            assert len(sent) <= MOST, (path, "\n".join(sent))


class TestRest:
    def test_a_difference_is_sentences_and_a_patch(self, hana):
        version = publish(hana, shorten_the_note)
        answer = hana.get(f"{ROOT}/production_output/diff?from={version - 1}&to={version}").json
        assert answer["count"] == 1
        assert {"op": "replace", "path": "/properties/note/maxLength", "value": 400} in answer["result"][0]["patch"]
        assert "“Note” takes 400" in answer["result"][0]["lines"][0]["message"]

    def test_without_versions_it_is_the_last_publish(self, hana):
        publish(hana, hide_the_note)
        publish(hana, lambda d: d.update({"x-icon": "star"}), "department")
        assert [one["definition"] for one in hana.get(f"{ROOT}/diff").json["result"]] == ["department"]

    def test_a_wrong_number_is_refused(self, hana):
        assert hana.get(f"{ROOT}/diff?from=x").status_code == 422
        assert hana.get(f"{ROOT}/diff?from=99").status_code == 404

    def test_is_in_the_reference(self, hana):
        paths = hana.get("/api/v1/_openapi").json["paths"]
        assert f"{ROOT}/diff" in paths
        assert f"{ROOT}/{{name}}/diff" in paths


class TestTakingBack:
    """A definition or everything as it was, with its values: previewed, commented, a new version."""

    def two_versions(self, hana):
        before = publish(hana, lambda d: d.update({"x-icon": "star"}), "department") - 1
        publish(hana, require_quality)
        return before

    def test_the_preview_says_what_it_would_do_and_changes_nothing(self, hana):
        before = self.two_versions(hana)
        page = hana.get(f"/history/restore/{before}?definition=production_output").text
        assert "Field “Quality” disappears; its values are kept." in page
        assert "Type “production_output” to confirm" in page
        asked = {"version": before, "definitions": ["production_output"]}
        seen = hana.post(f"{ROOT}/rollback/preview", json=asked).json
        assert seen["publishable"]
        assert [c["effect"] for c in seen["changes"] if c["field"] == "quality"] == ["hides"]
        assert "quality" in hana.get(f"{ROOT}/production_output").json["result"]["properties"]

    def test_one_definition_goes_back_and_forth_with_its_values(self, hana):
        before = self.two_versions(hana)
        record = hana.get("/api/v1/production_output/?page_size=1").json["result"][0]["id"]
        assert hana.patch(f"/api/v1/production_output/{record}", json={"quality": "bad"}).status_code == 200
        address = f"/history/restore/{before}"
        form = {"definition": "production_output", "comment": "Too early", "confirm": "production_output"}
        for missing in ("comment", "confirm"):
            assert hana.post(address, data={**form, missing: ""}).status_code == 422
        assert hana.post(address, data=form).status_code == 303
        assert "quality" not in hana.get(f"/api/v1/production_output/{record}").json["result"]
        assert hana.get(f"{ROOT}/department").json["result"]["x-icon"] == "star"
        assert hana.get(f"{ROOT}/history").json["result"][0]["comment"] == "Too early"
        forth = {"version": before + 2, "definitions": ["production_output"], "comment": "After all"}
        assert hana.post(f"{ROOT}/rollback", json=forth).status_code == 200
        assert hana.get(f"/api/v1/production_output/{record}").json["result"]["quality"] == "bad"

    def test_everything_goes_back(self, hana):
        before = self.two_versions(hana)
        form = {"comment": "All of it", "confirm": str(before)}
        assert hana.post(f"/history/restore/{before}", data=form).status_code == 303
        assert "quality" not in hana.get(f"{ROOT}/production_output").json["result"]["properties"]
        assert hana.get(f"{ROOT}/department").json["result"].get("x-icon") != "star"
        assert "there is nothing to take back" in hana.get(f"/history/restore/{before}").text

    def test_a_version_or_definition_that_never_was_is_said(self, hana):
        assert hana.get("/history/restore/99").status_code == 404
        assert hana.get("/history/restore/1?definition=ghost").status_code == 404
        wrong = {"version": 1, "definitions": ["ghost"], "comment": "x"}
        assert hana.post(f"{ROOT}/rollback", json=wrong).status_code == 404

    @pytest.mark.parametrize("account", ["derek", "emma", "audrey"])
    def test_only_who_designs_takes_back(self, portal, hana, account):
        before = self.two_versions(hana)
        client = logged_in(portal, account)
        assert client.get(f"/history/restore/{before}").status_code == 404
        assert client.post(f"/history/restore/{before}", data={"comment": "x"}).status_code == 404
        assert client.post(f"{ROOT}/rollback/preview", json={"version": before}).status_code == 404


class TestPurging:
    """What is out of sight: listed for who designs, deleted for good where its key is typed."""

    @pytest.fixture
    def out_of_sight(self, hana):
        publish(hana, require_quality)
        publish(
            hana,
            lambda d: (d["properties"].pop("quality"), d["required"].remove("quality")),
            confirm=["production_output"],
        )

    @pytest.mark.parametrize("account", ["derek", "sofia", "emma", "audrey"])
    def test_others_find_nothing_there(self, portal, account):
        client = logged_in(portal, account)
        assert client.get("/history/hidden/").status_code == client.get(f"{ROOT}/hidden").status_code == 404
        assert client.post("/history/hidden/", data={"key": "employee.salary"}).status_code == 404
        assert client.post(f"{ROOT}/purge", json={"keys": [], "confirm": [], "comment": "x"}).status_code == 404

    def test_nobody_is_asked_to_log_in(self, portal):
        assert portal.test_client().get("/history/hidden/").status_code == 302
        assert portal.test_client().get(f"{ROOT}/hidden").status_code == 401

    def test_the_page_deletes_what_is_typed_and_nothing_else(self, hana, out_of_sight):
        page = hana.get("/history/hidden/").text
        assert "Production output › Quality" in page
        form = {"key": "production_output.quality", "comment": "Not needed", "confirm": "production_output"}
        assert hana.post("/history/hidden/", data=form).status_code == 422
        assert hana.post("/history/hidden/", data={**form, "comment": "", "confirm": form["key"]}).status_code == 422
        assert hana.post("/history/hidden/", data={**form, "confirm": form["key"]}).status_code == 303
        assert "Quality" not in hana.get("/history/hidden/").text
        assert "Not needed" in hana.get("/audit/?action=purge").text
        speaks(hana, "zh")
        assert "隐藏存储的内容" in hana.get("/history/hidden/").text

    def test_rest_does_the_same(self, hana, out_of_sight):
        key = "production_output.quality"
        assert key in hana.get(f"{ROOT}/hidden").json["ids"]
        body = {"keys": [key], "confirm": [key], "comment": "Not needed"}
        assert hana.post(f"{ROOT}/purge", json={**body, "confirm": []}).status_code == 422
        assert hana.post(f"{ROOT}/purge", json=body).json["ids"] == [key]
        assert key not in hana.get(f"{ROOT}/hidden").json["ids"]
        assert hana.post(f"{ROOT}/purge", json=body).status_code == 404
