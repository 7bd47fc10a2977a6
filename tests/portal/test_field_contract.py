"""Every field type at the portal's doors, on both databases and in both languages: the rows are in tests/field_contract.py.

Form, REST, files in and out, filters, order, nothing, bounds and what a list shows. One portal for the whole file; each
test works with records of its own.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import bind_workflows
from portal.extensions import db
from tests import field_contract
from tests.field_contract import FORMULAS, TABLE, Row, plain
from tests.portal.demo_site import logged_in, prepare, site
from workflows import tick
from workflows.installation import bound

pytestmark = pytest.mark.both_databases

API, PAGES = "/api/v1/contract/", "/records/contract"
TONGUES = ("en", "zh")
ALWAYS_TEXT = ("long_text",)  # whatever is typed is one
ZONE = ZoneInfo("Asia/Shanghai")  # of the installation, as it comes
OFFERED = ("choice", "choice_integer", "choices")  # an input that offers its values holds no other
SWITCHES = ("boolean",)  # typed, it is on or off
ids = [one.field for one in TABLE]
every_row = pytest.mark.parametrize("one", TABLE, ids=ids)
each_formula = pytest.mark.parametrize("name", FORMULAS)


@pytest.fixture(scope="module")
def app(database_kind, databases, tmp_path_factory) -> Iterator[Flask]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        made = site(url, tmp_path_factory.mktemp("contract"))
        made.config["WTF_CSRF_ENABLED"] = False
        yield made
        with made.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture(scope="module")
def hana(app) -> FlaskClient:
    client = logged_in(app, "hana")
    sent = json.dumps({"documents": [field_contract.definition()], "comment": "Contract"})
    answer = client.post("/api/v1/definitions/publish", data=sent, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return client


@pytest.fixture(scope="module")
def three(hana) -> dict[str, int]:
    """A record with every smaller value, one with every larger one, one with none; by what was sent to REST."""
    made = {}
    for code in ("low", "high", "none"):
        sent = {"code": code, **{one.field: None if code == "none" else getattr(one, code) for one in TABLE}}
        answer = hana.post(API, json=sent)
        assert answer.status_code == 201, answer.text
        made[code] = answer.json["id"]
    return made


def stored(client: FlaskClient, number: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{API}{number}").json["result"]
    return {name: plain(value) for name, value in found.items()}


def where_people_are(moment: str) -> str:
    """A moment as it is typed in the installation's time zone."""
    return datetime.fromisoformat(moment).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def typed(one: Row, value: str) -> dict[str, Any]:
    """What a browser sends for a field."""
    if one.type in SWITCHES:
        return {one.field: "1"} if value == "true" else {}
    if one.type in ("references", "choices"):
        return {one.field: ["", *(word.strip() for word in value.split(";"))]}
    if one.type == "date_time" and value.endswith("Z"):
        return {one.field: where_people_are(value)}  # the input knows no zone: it is the reader's
    return {one.field: value}


def errors(page: str) -> dict[str, str]:
    """What is wrong, by the field or the cell that says so."""
    found = re.findall(r'id="error-field-([\w.-]+)"[^>]*>(.*?)</', page, re.DOTALL)
    return {name: html.unescape(words).strip() for name, words in found}


class TestForm:
    def test_adds_shows_and_changes_every_value(self, hana):
        sent = {"code": "form"} | {k: v for one in TABLE for k, v in typed(one, one.texts[0]).items()}
        answer = hana.post(f"{PAGES}/add", data=sent)
        assert answer.status_code == 302, errors(answer.text)
        number = int(answer.headers["Location"].rsplit("/", 1)[1])
        found = stored(hana, number)
        assert {one.field: found[one.field] for one in TABLE} == {one.field: plain(one.low) for one in TABLE}
        page = hana.get(f"{PAGES}/edit/{number}").text
        for one in TABLE:
            assert f'name="{one.field}' in page, one.field
        sent = {"code": "form", "_version": "1"} | {k: v for o in TABLE for k, v in typed(o, o.texts[1]).items()}
        answer = hana.post(f"{PAGES}/edit/{number}", data=sent)
        assert answer.status_code == 302, errors(answer.text)
        found = stored(hana, number)
        assert {one.field: found[one.field] for one in TABLE} == {one.field: plain(one.high) for one in TABLE}
        sent = {"code": "form", "_version": "2"} | {k: v for one in TABLE for k, v in typed(one, "").items()}
        assert hana.post(f"{PAGES}/edit/{number}", data=sent).status_code == 302
        found = stored(hana, number)
        assert {one.field for one in TABLE if found[one.field] not in (None, [], False)} == set()

    def test_says_what_is_wrong_at_every_field_in_both_languages_and_gives_it_back(self, hana):
        wrong = [one for one in TABLE if one.type not in (*ALWAYS_TEXT, *SWITCHES)]
        sent = {"code": "wrong"} | {k: v for one in wrong for k, v in typed(one, one.mistyped).items()}
        said = {}
        for tongue in TONGUES:
            answer = hana.post(f"{PAGES}/add", data=sent, headers={"Accept-Language": tongue})
            assert answer.status_code == 422
            said[tongue] = errors(answer.text)
            places = {"f_rows-0-what" if one.type == "rows" else one.field for one in wrong}
            assert said[tongue].keys() == places
            for one in wrong:
                if one.type in OFFERED:
                    continue
                back = one.mistyped.split("; ")[-1] if one.type != "rows" else "1"
                assert f'value="{html.escape(back)}"' in answer.text or f">{back}<" in answer.text, one.field
        assert all(re.search(r"[\u4e00-\u9fff]", words) for words in said["zh"].values()), said["zh"]
        assert not any(re.search(r"[\u4e00-\u9fff]", words) for words in said["en"].values()), said["en"]
        assert hana.get(f"{API}?code=wrong").json["count"] == 0

    def test_of_many_records_sets_every_value_as_typed(self, hana):
        number = hana.post(API, json={"code": "many"}).json["id"]
        single = [one for one in TABLE if one.type != "rows"]  # a grid is edited in its record
        for one in single:
            sent = {"ids": str(number), "field": one.field, "operation": "set", **typed(one, one.texts[1])}
            assert hana.post(f"{PAGES}/bulk", data=sent).status_code == 200, one.field
            assert hana.post(f"{PAGES}/bulk", data={**sent, "do": "1"}).status_code == 303, one.field
        found = stored(hana, number)
        assert {one.field: found[one.field] for one in single} == {one.field: plain(one.high) for one in single}

    @pytest.mark.parametrize(("given", "meant"), [("12,345", 12345), ("1,234,567", 1234567), (" 7 ", 7)])
    def test_takes_numbers_as_lists_show_them(self, hana, given, meant):
        place = hana.post(f"{PAGES}/add", data={"code": f"n{meant}", "f_integer": given}).headers["Location"]
        assert stored(hana, int(place.rsplit("/", 1)[1]))["f_integer"] == meant

    @pytest.mark.parametrize("given", ["1,2", "12,34", "1,2345", ",123", "1.234,5"])
    def test_guesses_no_number(self, hana, given):
        answer = hana.post(f"{PAGES}/add", data={"code": "guess", "f_decimal": given})
        assert errors(answer.text) == {"f_decimal": "A number is expected here."}


class TestRest:
    def test_creates_reads_and_changes_every_value(self, hana, three):
        for code in ("low", "high", "none"):
            found = stored(hana, three[code])
            for one in TABLE:
                value = None if code == "none" else getattr(one, code)
                assert found[one.field] == ([] if value is None and isinstance(one.low, list) else plain(value))
        number = hana.post(API, json={"code": "patched"}).json["id"]
        for one in TABLE:
            answer = hana.patch(f"{API}{number}", json={one.field: one.high})
            assert plain(answer.json["result"][one.field]) == plain(one.high), one.field

    def test_says_what_is_wrong_at_its_pointer_in_both_languages(self, hana, three):
        sent = {one.field: one.wrong[0] for one in TABLE}
        for tongue in TONGUES:
            answer = hana.patch(f"{API}{three['low']}", json=sent, headers={"Accept-Language": tongue})
            assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
            said = {p["pointer"]: p["message"] for p in answer.json["problems"]}
            assert said.keys() == {f"/{one.field}{one.wrong[1]}" for one in TABLE}
            for one in TABLE:
                words = said[f"/{one.field}{one.wrong[1]}"]
                assert words.startswith(one.wrong[2]) == (tongue == "en"), words
        assert stored(hana, three["low"])["_version"] == 1

    @each_formula
    def test_computes_and_refuses_a_value_of_a_formula(self, hana, three, name):
        _schema, low, high, _shown = FORMULAS[name]
        assert [stored(hana, three[code])[name] for code in ("low", "high", "none")] == [low, high, None]
        answer = hana.patch(f"{API}{three['low']}", json={name: low})
        assert [p["pointer"] for p in answer.json["problems"]] == [f"/{name}"]


def asked(client: FlaskClient, **arguments: Any) -> list[str]:
    """The codes of the three that answer a question, in order."""
    found = client.get(API, query_string={"code__in": "low,high,none", **arguments})
    assert found.status_code == 200, found.text
    return [row["code"] for row in found.json["result"]]


class TestQuestions:
    @every_row
    def test_every_comparison_finds_what_it_says(self, hana, three, one):
        name, text = one.field, one.texts[0]
        low = str(one.low[0]) if isinstance(one.low, list) else text
        found = {op: sorted(asked(hana, **{f"{name}__{op}": low})) for op in _comparisons(one)}
        assert found == {op: sorted(codes) for op, codes in _expected(one).items()}
        assert asked(hana, **{f"{name}__null": "true"}) == ["none"]
        assert sorted(asked(hana, **{f"{name}__null": "false"})) == ["high", "low"]

    @every_row
    def test_a_value_that_is_none_is_said(self, hana, three, one):
        if one.type in ("text", "long_text", "email", "uri", "rows"):  # any text can be looked for
            return
        if one.unit or one.type == "person":
            assert asked(hana, **{one.field: "999999"}) == []
            return
        strange = "soon" if one.mistyped not in ("c", "3", "sun") else one.mistyped
        answer = hana.get(API, query_string={one.field: strange})
        assert answer.status_code == 422
        assert [p["pointer"] for p in answer.json["problems"]] == [f"/{one.field}"]

    @every_row
    def test_it_sorts_both_ways_and_nothing_comes_last(self, hana, three, one):
        up, down = asked(hana, order=one.field), asked(hana, order=f"-{one.field}")
        if isinstance(one.low, list):  # by the number of entries
            many = len(one.high) > len(one.low)
            assert up == (["none", "low", "high"] if many else up)
            assert down == (["high", "low", "none"] if many else down)
        else:
            assert (up[-1], down[-1]) == ("none", "none")
            assert up[:2] == down[:2][::-1]
            assert one.unit or one.type == "person" or up[:2] == ["low", "high"]

    @each_formula
    def test_a_formula_is_found_and_sorted(self, hana, three, name):
        _schema, low, high, _shown = FORMULAS[name]
        as_text = str(low).lower() if isinstance(low, bool) else str(low)
        assert asked(hana, **{name: as_text}) == ["low"]
        assert asked(hana, **{f"{name}__null": "true"}) == ["none"]
        assert asked(hana, order=name) == ["low", "high", "none"]
        assert asked(hana, order=f"-{name}") == ["high", "low", "none"]
        assert low != high

    @pytest.mark.parametrize("tongue", TONGUES)
    def test_the_list_offers_a_filter_where_it_has_one_and_its_inputs_work(self, hana, three, tongue):
        page = hana.get(f"{PAGES}/list/", headers={"Accept-Language": tongue}).text
        offered = set(re.findall(r'name="((?:box\.)?(?:f_\w+|parent))"', page))
        spans = {
            f"{o.field}__{end}"
            for o in TABLE
            if o.type in ("date", "integer", "decimal", "number")
            for end in ("gte", "lte")
        }
        picked = {
            o.field
            for o in TABLE
            if o.type in ("choice", "choice_integer", "boolean", "reference", "person", "references", "choices")
        }
        assert spans | picked <= offered
        for one in TABLE:
            if f"{one.field}__gte" in spans:
                shown = hana.get(
                    f"{PAGES}/list/", query_string={f"{one.field}__gte": one.texts[1], "code__in": "low,high,none"}
                )
                assert re.findall(r">(low|high|none)</a>", shown.text) == ["high"], one.field


def _comparisons(one: Row) -> list[str]:
    return list(_expected(one))


def _expected(one: Row) -> dict[str, list[str]]:
    """Which records each comparison with the smaller value (of a list its first entry) finds."""
    if one.type == "rows":
        return {}
    both = ["low", "high"] if isinstance(one.low, list) else ["low"]
    found = {"eq": both, "in": both, "ne": [code for code in ("low", "high", "none") if code not in both]}
    if one.compared:
        found |= {"lt": [], "lte": ["low"], "gt": ["high"], "gte": ["low", "high"]}
    if one.type in ("text", "email", "uri", "long_text"):
        found |= {"contains": ["low"], "starts": ["low"]}
    return found


class TestLists:
    @pytest.mark.parametrize("tongue", TONGUES)
    def test_show_every_value_in_the_readers_words(self, hana, three, tongue):
        place = TONGUES.index(tongue)
        texts = {}
        for page in (f"{PAGES}/list/?code=high", f"{PAGES}/show/{three['high']}"):
            found = hana.get(page, headers={"Accept-Language": tongue}).text.split("<main")[1]
            texts[page] = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", found))).replace(" ,", ",")
        labels = hana.get(f"{API}{three['high']}", headers={"Accept-Language": tongue}).json["result"]["_labels"]
        for page, words in texts.items():
            for one in TABLE:
                if one.type == "rows" and "/show/" in page:
                    continue  # a grid there
                told = labels.get(one.field, one.shown[place]) if one.type != "rows" else one.shown[place]
                told = ", ".join(told) if isinstance(told, list) else told
                assert re.sub(r"\s+", " ", told) in words, (one.field, page)
            for name, (_schema, _low, _high, shown) in FORMULAS.items():
                assert shown in words, name

    @pytest.mark.parametrize("tongue", TONGUES)
    def test_empty_values_are_no_words(self, hana, three, tongue):
        answer = hana.get(f"{PAGES}/list/?code=none", headers={"Accept-Language": tongue})
        assert answer.status_code == 200
        assert "None" not in answer.text.split("<main")[1]


def brought(hana: FlaskClient, content: bytes, name: str, **more: str) -> Any:
    answer = hana.post("/api/v1/imports/", data={"definition": "contract", "file": (io.BytesIO(content), name), **more})
    assert answer.status_code in (200, 202), answer.text
    return answer.json


class TestFiles:
    @pytest.mark.parametrize("tongue", TONGUES)
    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    def test_what_an_export_wrote_changes_nothing_when_it_is_imported(self, hana, three, form, tongue):
        asked_for = {"code__in": "low,high,none"}
        content = hana.get(f"{PAGES}/export.{form}", query_string=asked_for, headers={"Accept-Language": tongue}).data
        told = brought(hana, content, f"contract.{form}", dry_run="true")
        assert told["rejected"] == []
        assert (told["unchanged"], told["changed"], told["created"]) == (3, 0, 0)
        assert set(told["mapping"].values()) == {"code", "parent", *ids}

    def test_an_import_stores_every_value_and_rejects_every_wrong_one_at_its_field(self, app, hana, three):
        file = io.StringIO()
        table = csv.writer(file)
        table.writerow(["code", *ids])
        table.writerow(["brought", *(one.texts[1] for one in TABLE)])
        for one in TABLE:
            if one.type not in ALWAYS_TEXT:
                wrong = "perhaps" if one.type in SWITCHES else one.mistyped
                table.writerow([f"bad {one.field}", *(wrong if other is one else "" for other in TABLE)])
        job = brought(hana, file.getvalue().encode(), "many.csv")["job"]
        with app.app_context():
            bind_workflows(app)
            tick.settle(bound())
            db.session.remove()
        result = hana.get(f"/api/v1/imports/{job}").json["result"]["result"]
        assert {line["field"] for line in result["rejected"]} == {o.field for o in TABLE if o.type not in ALWAYS_TEXT}
        assert result["created"] == 1
        found = stored(hana, hana.get(f"{API}?code=brought").json["ids"][0])
        assert {one.field: found[one.field] for one in TABLE} == {one.field: plain(one.high) for one in TABLE}


class TestTree:
    def test_a_record_stands_below_another_at_every_door(self, hana):
        top = hana.post(API, json={"code": "top"}).json["id"]
        place = hana.post(f"{PAGES}/add", data={"code": "middle", "parent": str(top)}).headers["Location"]
        middle = int(place.rsplit("/", 1)[1])
        told = brought(hana, b"code,parent\nleaf,middle\nlost,nowhere\n", "tree.csv", dry_run="true")
        assert (told["created"], [line["field"] for line in told["rejected"]]) == (1, ["parent"])
        assert {row["code"] for row in hana.get(f"{API}?parent__under={top}").json["result"]} == {"middle"}
        circle = hana.patch(f"{API}{top}", json={"parent": middle})
        assert [p["pointer"] for p in circle.json["problems"]] == ["/parent"]
        answer = hana.post(f"{PAGES}/edit/{top}", data={"code": "top", "_version": "1", "parent": str(middle)})
        assert set(errors(answer.text)) == {"parent"}
