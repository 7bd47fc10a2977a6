"""The designer's pages: from a draft to what everybody sees, who may, and what a wrong or late change is told."""

from __future__ import annotations

import re

import pytest

from metadata import drafts
from portal.extensions import db
from tests.portal.demo_site import logged_in

HERE = "/designer/production_output"
QUALITY = {
    "title": "Quality",
    "title_zh": "质量",
    "help": "As found at the end of the line.",
    "help_zh": "线末检验结果。",
    "name": "quality",
    "type": "choice",
    "choice_value": ["good", "rework"],
    "choice_en": ["Good", "Rework"],
    "choice_zh": ["合格", "返工"],
    "default": "good",
    "required": "1",
    "listed": "1",
}
PAGES = ("", "/field", "/field/line", "/texts", "/preview")
POSTS = (
    "/field",
    "/field/line",
    "/texts",
    "/move/line",
    "/remove/note",
    "/columns",
    "/publish",
    "/discard",
    "/go-on",
    "/return/1",
)


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def draft(app, name="production_output"):
    with app.app_context():
        found = drafts.load(db.session(), name)
        db.session.remove()
    return found


def revision(client, path=HERE):
    return re.search(r'name="revision" value="(\d+)"', client.get(path).text)[1]


def send(client, path, **data):
    """A form as the page would send it, made from the draft as it stands."""
    return client.post(HERE + path, data={"revision": revision(client), **data})


def published(client, comment="Because", **data):
    answer = send(client, "/publish", comment=comment, **data)
    assert answer.status_code == 303, answer.text
    return answer


def speaks(client, language):
    with client.session_transaction() as session:
        session["locale"] = language


def fields(client, name="production_output"):
    return list(client.get(f"/api/v1/definitions/{name}").json["result"]["properties"])


@pytest.fixture(autouse=True)
def _order_means_something(portal):
    portal.json.sort_keys = False


class TestAccess:
    @pytest.mark.parametrize("account", ["derek", "sofia", "emma", "tariq", "audrey", "liwei"])
    def test_others_find_nothing_and_change_nothing(self, portal, account):
        client = logged_in(portal, account)
        for path in ("/designer/", *(HERE + page for page in PAGES)):
            assert client.get(path).status_code == 404, path
        for path in POSTS:
            assert client.post(HERE + path, data=QUALITY).status_code == 404, path
        assert draft(portal) is None
        assert "/designer/" not in client.get("/").text

    def test_who_is_not_logged_in_is_sent_to_the_login(self, portal):
        client = portal.test_client()
        for path in ("/designer/", *(HERE + page for page in PAGES)):
            assert "/login/" in client.get(path).headers["Location"]
        assert "/login/" in client.post(HERE + "/publish").headers["Location"]

    def test_the_list_of_records_leads_there_only_for_who_designs(self, portal, hana):
        assert f'href="{HERE}"' in hana.get("/records/production_output/list/").text
        assert "/designer/" not in logged_in(portal, "derek").get("/records/production_output/list/").text


class TestPages:
    def test_every_definition_has_its_pages_in_both_languages(self, hana):
        for language in ("en", "zh"):
            speaks(hana, language)
            names = re.findall(r'href="/designer/([a-z_]+)"', hana.get("/designer/").text)
            assert len(names) > 15
            for name in names:
                for page in ("", "/texts", "/preview"):
                    assert hana.get(f"/designer/{name}{page}").status_code == 200, (name, page)

    def test_unknown_definitions_fields_and_versions_are_not_found(self, hana):
        for path in ("/designer/nothing", f"{HERE}/field/nothing", "/designer/nothing/preview"):
            assert hana.get(path).status_code == 404, path
        for path in ("/move/nothing", "/remove/nothing", "/return/99"):
            assert send(hana, path).status_code == 404, path

    def test_a_definition_is_found_by_its_name_in_either_language(self, hana):
        for words in ("产量", "production_out", "PRODUCTION OUTPUT"):
            text = hana.get("/designer/", query_string={"search": words}).text
            assert f'href="{HERE}"' in text
            assert 'href="/designer/employee"' not in text
        assert "No definition answers" in hana.get("/designer/?search=zzz").text


class TestAFieldIsAdded:
    def test_from_the_form_to_what_everybody_sees(self, portal, hana):
        derek = logged_in(portal, "derek")
        assert send(hana, "/field", **QUALITY).status_code == 303
        assert "quality" not in derek.get("/records/production_output/add").text
        seen = hana.get(f"{HERE}/preview").text
        assert "Quality" in seen
        assert "records." in re.sub(r"<[^>]+>", "", seen)
        published(hana, comment="Quality counts")
        assert 'name="quality"' in derek.get("/records/production_output/add").text
        assert "Quality" in derek.get("/records/production_output/list/").text
        assert derek.get("/api/v1/production_output/?page_size=1").json["result"][0]["quality"] == "good"
        assert draft(portal) is None
        assert "Quality counts" in hana.get(f"{HERE}/history", follow_redirects=True).text

    def test_its_chinese_is_read_by_who_reads_chinese(self, hana):
        send(hana, "/field", **QUALITY)
        published(hana)
        speaks(hana, "zh")
        text = hana.get("/records/production_output/add").text
        for words in ("质量", "线末检验结果。", "合格", "返工"):
            assert words in text

    def test_required_without_a_start_value_is_held_up_while_records_exist(self, hana):
        send(hana, "/field", **{**QUALITY, "default": ""})
        assert "What stands in the way" in hana.get(f"{HERE}/preview").text
        answer = send(hana, "/publish", comment="Now")
        assert answer.status_code == 422
        assert "quality" not in fields(hana)

    def test_more_lines_keep_what_was_typed(self, hana):
        text = send(hana, "/field", **QUALITY, more="1").text
        assert text.count('name="choice_value"') == 2 + 3 + 3
        assert 'value="rework"' in text
        assert 'value="Quality"' in text


WRONG = {
    "title": {"title": ""},
    "name": {"name": "Not A Name"},
    "type": {"type": "wish"},
    "choices": {"choice_value": ["good", "good"]},
    "length": {"type": "text", "length": "long"},
    "places": {"type": "decimal", "places": "12", "default": ""},
    "minimum": {"type": "integer", "minimum": "few", "default": ""},
    "target": {"type": "reference", "target": "", "default": ""},
    "default": {"type": "integer", "default": "many"},
}


class TestWrongInput:
    @pytest.mark.parametrize("at", WRONG)
    def test_is_said_at_its_input_and_comes_back_as_typed(self, portal, hana, at):
        sent = {**QUALITY, **WRONG[at]}
        answer = send(hana, "/field", **sent)
        assert answer.status_code == 422
        assert f'id="error-{at}"' in answer.text
        for name in ("title_zh", "help"):
            assert f'value="{sent[name]}"' in answer.text
        assert draft(portal) is None

    @pytest.mark.parametrize(("title", "name"), [("Crew size (day)", "crew_size_day"), ("2nd Équipe", "nd_equipe")])
    def test_an_empty_name_follows_the_title(self, portal, hana, title, name):
        assert send(hana, "/field", title=title, type="text").status_code == 303
        assert name in draft(portal).document["properties"]

    def test_a_title_without_latin_letters_asks_for_a_name(self, portal, hana):
        answer = send(hana, "/field", title="质量", type="text")
        assert answer.status_code == 422
        assert 'id="error-name"' in answer.text
        assert draft(portal) is None

    def test_a_name_that_is_taken_is_refused(self, hana):
        assert "already a field called “line”" in send(hana, "/field", **{**QUALITY, "name": "line"}).text

    def test_a_start_value_that_is_no_choice_is_said_at_the_start_value(self, hana):
        assert 'id="error-default"' in send(hana, "/field", **{**QUALITY, "default": "perfect"}).text

    def test_texts_need_a_title(self, portal, hana):
        answer = send(hana, "/texts", **{"title": "", "title-zh": "产出", "description": "All of it"})
        assert answer.status_code == 422
        assert 'id="error-title"' in answer.text
        assert 'value="产出"' in answer.text
        assert draft(portal) is None

    def test_a_list_needs_a_column(self, portal, hana):
        send(hana, "/columns")
        assert "one column or more" in hana.get(HERE).text
        assert draft(portal) is None

    def test_publishing_asks_why(self, portal, hana):
        send(hana, "/field", **QUALITY)
        answer = send(hana, "/publish", comment=" ")
        assert answer.status_code == 422
        assert 'id="error-comment"' in answer.text
        assert draft(portal) is not None


class TestAFieldIsChanged:
    def test_its_form_shows_what_it_is(self, hana):
        text = hana.get(f"{HERE}/field/line").text
        for value in ("Line", "生产线", "stamping", "Casting", "装配"):
            assert f'value="{value}"' in text, value
        assert '<option value="choice" selected>' in text

    def test_what_the_form_does_not_know_stays(self, portal, hana):
        form = {"title": "Line of work", "type": "choice", "choice_value": ["stamping", "casting", "assembly", "paint"]}
        assert send(hana, "/field/line", **form, listed="1").status_code == 303
        kept = draft(portal).document["properties"]["line"]
        assert (kept["title"], kept["enum"][-1], kept["x-dimension"]) == ("Line of work", "paint", True)
        published(hana)
        assert "Line of work" in hana.get("/records/production_output/list/").text

    def test_it_can_be_moved_and_the_form_follows(self, hana):
        assert fields(hana).index("shift") == 3
        send(hana, "/move/shift", to="up")
        published(hana)
        assert fields(hana).index("shift") == 2
        form = hana.get("/records/production_output/add").text
        assert form.index('name="shift"') < form.index('name="line"')

    def test_columns_are_chosen_and_ordered(self, hana):
        send(hana, "/columns", columns=["day", "produced", "note"], place_day="2", place_produced="1", place_note="3")
        published(hana)
        head = hana.get("/records/production_output/list/").text.split("<thead")[1].split("</thead>")[0]
        assert head.index("Produced") < head.index("Day") < head.index("Note")
        assert "Shift" not in head

    def test_titles_of_the_definition_are_changed_in_both_languages(self, hana):
        send(hana, "/texts", **{"title": "Output", "title-zh": "产出", "x-plural": "Output", "x-plural-zh": "产出"})
        published(hana)
        assert "Output</h1>" in hana.get(HERE).text
        speaks(hana, "zh")
        assert "产出</h1>" in hana.get(HERE).text

    def test_taking_one_out_asks_for_a_typed_name_and_keeps_the_values(self, hana):
        send(hana, "/remove/note")
        assert "Type “production_output”" in hana.get(f"{HERE}/preview").text
        refused = send(hana, "/publish", comment="Gone", confirm="production")
        assert refused.status_code in (409, 422)
        assert 'value="Gone"' in refused.text
        assert "note" in fields(hana)
        published(hana, confirm="production_output")
        assert "note" not in fields(hana)
        send(hana, "/return/1")
        published(hana)
        assert "note" in fields(hana)

    def test_what_the_product_needs_stays(self, portal, hana):
        assert "needed by the product" in hana.get(send(hana, "/remove/planned").headers["Location"]).text
        assert draft(portal) is None


class TestDrafts:
    def test_a_discarded_one_is_gone(self, portal, hana):
        send(hana, "/field", **QUALITY)
        send(hana, "/discard")
        assert draft(portal) is None
        assert "quality" not in hana.get(HERE).text

    def test_a_page_from_before_somebody_elses_save_is_told_and_keeps_what_was_typed(self, portal, hana):
        old = revision(hana)
        send(hana, "/move/shift", to="up")
        answer = hana.post(f"{HERE}/field", data={**QUALITY, "revision": old})
        assert answer.status_code == 409
        assert 'value="Quality"' in answer.text
        again = re.search(r'name="revision" value="(\d+)"', answer.text)[1]
        assert hana.post(f"{HERE}/field", data={**QUALITY, "revision": again}).status_code == 303
        assert list(draft(portal).document["properties"])[2] == "shift"  # theirs is still in it

    def test_both_versions_of_a_field_are_shown(self, hana):
        old = revision(hana)
        send(hana, "/field/note", title="Remark", type="text", length="500")
        answer = hana.post(f"{HERE}/field/note", data={"title": "Comment", "type": "text", "revision": old})
        assert answer.status_code == 409
        assert "“Remark”" in answer.text
        assert 'value="Comment"' in answer.text

    def test_a_publish_of_what_was_not_looked_at_is_refused(self, portal, hana):
        send(hana, "/field", **QUALITY)
        old = revision(hana)
        send(hana, "/move/shift", to="up")
        answer = hana.post(f"{HERE}/publish", data={"comment": "Now", "revision": old})
        assert answer.status_code == 409
        assert 'value="Now"' in answer.text
        assert draft(portal) is not None

    def test_one_that_was_overtaken_goes_on_when_told_so(self, hana):
        send(hana, "/field", **QUALITY)
        document = hana.get("/api/v1/definitions/production_output").json["result"]
        document["title"] = "Output"
        done = hana.post("/api/v1/definitions/publish", json={"documents": [document], "comment": "Meanwhile"})
        assert done.status_code == 200
        text = hana.get(f"{HERE}/preview").text
        assert "Go on with the draft" in text
        assert 'id="publish"' not in text
        send(hana, "/go-on")
        published(hana)
        assert "quality" in fields(hana)

    def test_one_that_can_not_be_read_is_said_and_can_be_discarded(self, portal, hana):
        bad = {"$id": "production_output", "properties": {"line": 7}}
        assert hana.put("/api/v1/definitions/production_output/draft", json=bad).status_code == 200
        for page in PAGES:
            assert hana.get(HERE + page).status_code == 200, page
        assert "be read as a definition" in hana.get(HERE).text
        send(hana, "/discard")
        assert draft(portal) is None

    def test_the_list_names_who_is_at_work(self, portal, hana):
        send(hana, "/field", **QUALITY)
        assert "Draft by hana" in hana.get("/designer/").text


def test_a_saved_field_is_in_the_draft_with_all_its_texts(portal, hana):
    send(hana, "/field", **QUALITY)
    held = draft(portal)
    assert held.revision == 1
    assert held.document["required"][-1] == "quality"
    assert held.document["x-i18n"]["zh"]["properties"]["quality"]["x-enum-labels"] == {"good": "合格", "rework": "返工"}
