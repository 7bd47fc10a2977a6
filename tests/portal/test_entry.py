"""Child tables and lists in a form: what a browser sends is stored, what is wrong stands at its cell, nothing is lost."""

from __future__ import annotations

import re

import pytest

from tests.portal import every_type
from tests.portal.demo_site import logged_in
from tests.portal.every_type import line
from tests.portal.many_definitions import statements

ADD = "/records/audit_visit/add"


@pytest.fixture
def hana(portal):
    client = logged_in(portal, "hana")
    every_type.publish(client)
    return client


def saved(client, **form):
    answer = client.post(ADD, data={"name": "Spring", **form})
    assert answer.status_code == 302, re.findall(r"invalid-feedback[^>]*>([^<]*)", answer.text)
    return answer.headers["Location"]


def stored(client, place):
    return client.get(place.replace("/records/", "/api/v1/").replace("show/", "")).get_json()["result"]


class TestRows:
    def test_are_saved_in_the_order_in_which_they_stand(self, hana):
        form = line(7, what="Oil", weight="20") | line(2, what="Rust", weight="5.5", done="1", due="2026-05-01")
        found = stored(hana, saved(hana, **form))["lines"]
        assert [(row["what"], row["weight"], row["done"], row["due"]) for row in found] == [
            ("Oil", 20.0, False, None),
            ("Rust", 5.5, True, "2026-05-01"),
        ]

    def test_keep_their_ids_through_an_edit_that_moves_changes_and_drops(self, hana):
        rows = [line(i, what=what, weight="1") for i, what in enumerate(("Oil", "Rust", "Dust"))]
        place = saved(hana, **(rows[0] | rows[1] | rows[2]))
        first, second, third = [row["id"] for row in stored(hana, place)["lines"]]
        moved = line(1, id=str(second), what="Rust", weight="2") | line(0, id=str(first), what="Oil leak", weight="1")
        dropped = line(2, id=str(third), what="Dust", weight="3", _remove="1")
        edit = place.replace("/show/", "/edit/")
        assert hana.post(edit, data={"name": "Spring", "_version": "1", **moved, **dropped}).status_code == 302
        assert [(r["id"], r["what"]) for r in stored(hana, place)["lines"]] == [(second, "Rust"), (first, "Oil leak")]
        story = hana.get(place).text.split(">History<")[1]
        for told in (
            "Findings, row 2, What: Oil → Oil leak",
            "Findings, row 3: Dust",
            "Findings, order: Oil; Rust; Dust → Rust; Oil leak",
        ):
            assert told in re.sub(r"<[^>]+>", "", story), told

    def test_empty_ones_and_untouched_defaults_are_no_rows(self, hana):
        form = line(0, what="", kind="minor", weight="") | line(1, what="Oil", weight="1", kind="major")
        assert [row["what"] for row in stored(hana, saved(hana, **form))["lines"]] == ["Oil"]

    def test_problems_stand_at_their_cells_and_what_was_typed_comes_back(self, hana):
        form = (
            line(0, what="", weight="")
            | line(4, what="Oil", weight="many")
            | line(5, what="", weight="200", kind="ugly")
        )
        answer = hana.post(ADD, data={"name": "Spring", **form})
        assert answer.status_code == 422
        wrong = set(re.findall(r'id="error-field-(lines-[^"]+)"', answer.text))
        assert wrong == {"lines-0-weight", "lines-1-kind"}
        assert re.search(r'name="lines-0-weight"[^>]*value="many"', answer.text)
        answer = hana.post(ADD, data={"name": "Spring", **line(0, what="", weight="200")})
        assert set(re.findall(r'id="error-field-(lines-[^"]+)"', answer.text)) == {"lines-0-weight", "lines-0-what"}

    def test_the_live_form_tells_cells_by_row_and_column(self, hana):
        told = hana.post("/records/audit_visit/form", data=line(3, what="Oil", weight="many")).get_json()["fields"]
        assert told["lines"]["cells"] == {"0/weight": ["A number is expected here."]}

    def test_of_a_stale_edit_both_versions_are_shown_and_mine_can_be_saved(self, hana):
        place = saved(hana, **(line(0, what="Oil", weight="1") | line(1, what="Rust", weight="2")))
        oil, rust = [row["id"] for row in stored(hana, place)["lines"]]
        edit = place.replace("/show/", "/edit/")
        theirs = line(0, id=str(oil), what="Oil of theirs", weight="1")
        assert hana.post(edit, data={"name": "Spring", "_version": "1", **theirs}).status_code == 302
        mine = line(0, id=str(oil), what="Oil of mine", weight="1") | line(1, id=str(rust), what="Rust", weight="2")
        answer = hana.post(edit, data={"name": "Spring", "_version": "1", **mine})
        assert answer.status_code == 412
        assert 'value="Oil of mine"' in answer.text
        assert "Oil of theirs" in answer.text
        assert "lines-1-id" not in answer.text, "a row that is gone is sent as a new one"
        again = line(0, id=str(oil), what="Oil of mine", weight="1") | line(1, what="Rust", weight="2")
        assert hana.post(edit, data={"name": "Spring", "_version": "2", **again}).status_code == 302
        assert [row["what"] for row in stored(hana, place)["lines"]] == ["Oil of mine", "Rust"]

    def test_are_hidden_from_who_may_not_see_the_table(self, portal, hana):
        place = saved(hana, **line(0, what="Oil", weight="1"))
        assert "Oil" in hana.get(place).text
        derek = logged_in(portal, "derek")
        assert derek.get(place).status_code == 200
        assert "Findings" not in derek.get(place).text
        assert derek.post(place.replace("/show/", "/form/"), data={}).status_code == 404


class TestLists:
    def test_are_sent_entry_by_entry_and_emptied(self, hana):
        numbers = hana.get("/api/v1/department/?order=id&page_size=3").get_json()["ids"]
        place = saved(hana, units=["", str(numbers[1]), str(numbers[0])], days=["", "tue", "mon"])
        assert (stored(hana, place)["units"], stored(hana, place)["days"]) == ([numbers[1], numbers[0]], ["mon", "tue"])
        text = hana.get(place).text
        assert "Monday, Tuesday" in text
        assert f'href="/records/department/show/{numbers[0]}"' in text
        edit = place.replace("/show/", "/edit/")
        assert f'<option value="{numbers[1]}" selected>' in hana.get(edit).text
        assert hana.post(edit, data={"name": "Spring", "_version": "1", "units": "", "days": ""}).status_code == 302
        assert (stored(hana, place)["units"], stored(hana, place)["days"]) == ([], [])

    def test_what_was_not_asked_stays(self, hana):
        place = saved(hana, days=["", "mon"], **line(0, what="Oil", weight="1"))
        assert hana.post(place.replace("/show/", "/edit/"), data={"name": "Autumn", "_version": "1"}).status_code == 302
        assert stored(hana, place)["days"] == ["mon"]
        assert len(stored(hana, place)["lines"]) == 1


class TestStatements:
    def test_a_form_costs_the_same_however_many_rows_and_entries_it_has(self, portal, hana):
        numbers = hana.get("/api/v1/department/?order=id&page_size=8").get_json()["ids"]
        few = saved(hana, **line(0, what="Oil", weight="1", unit=str(numbers[0])), units=["", str(numbers[0])])
        rows = {k: v for i, n in enumerate(numbers) for k, v in line(i, what="Oil", weight="1", unit=str(n)).items()}
        many = saved(hana, **rows, units=["", *map(str, numbers)])
        costs = []
        for place in (few, many):
            hana.get(place.replace("/show/", "/edit/"))
            with statements(portal) as sent:
                assert hana.get(place.replace("/show/", "/edit/")).status_code == 200
            costs.append(len(sent))
        assert costs[0] == costs[1] <= 4

    def test_a_failed_save_asks_once_for_each_definition_pointed_at(self, portal, hana):
        numbers = hana.get("/api/v1/department/?order=id&page_size=8").get_json()["ids"]
        rows = {k: v for i, n in enumerate(numbers) for k, v in line(i, what="", weight="1", unit=str(n)).items()}
        with statements(portal) as sent:
            assert (
                hana.post(ADD, data={**rows, "units": ["", *map(str, numbers)], "place": str(numbers[0])}).status_code
                == 422
            )
        assert len([s for s in sent if "rec_department" in s and s.startswith("SELECT")]) <= 2, "\n".join(sent)
