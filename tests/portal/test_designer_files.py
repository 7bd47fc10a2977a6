"""A definition from a file: guesses that hold, corrections that count, foreign schemas with what became of them."""

from __future__ import annotations

import io
import json
import re

import pytest
from openpyxl import Workbook

from metadata import dialect
from portal.designer import foreign
from tests.portal.demo_site import logged_in
from tests.portal.test_designer_desk import draft, send
from workflows.intake import guessing

CSV = """Audit no,Held on,Points,Rate,Passed,Result,Mail,Remark,开始
A-1,24.11.2026,40,92.5,yes,good,ann@example.com,"Boxes, before the exit",2026/11/01
A-2,25.11.2026,38,90,no,good,bob@example.com,,2026/11/02
A-3,26.11.2026,,88.25,yes,bad,cleo@example.com,,2026/11/03
A-4,27.11.2026,12,75,yes,good,dan@example.com,,2026/11/04
A-5,28.11.2026,12,75,yes,bad,eve@example.com,,2026/11/05
A-6,29.11.2026,12,75,yes,good,fay@example.com,,2026/11/06
A-7,30.11.2026,12,75,yes,good,gus@example.com,,2026/11/07
A-8,01.12.2026,12,75,yes,good,hal@example.com,,2026/11/08
"""
PAGE = "/designer/import-file"


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


def table(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return guessing.read(path, name)


class TestGuesses:
    def test_every_kind_of_column(self, tmp_path):
        found = {c.header: c for c in guessing.columns(*table(tmp_path, CSV))}
        kinds = {header: column.type for header, column in found.items()}
        assert kinds == {
            "Audit no": "text", "Held on": "date", "Points": "integer", "Rate": "decimal", "Passed": "boolean",
            "Result": "choice", "Mail": "email", "Remark": "text", "开始": "date",
        }  # fmt: skip
        assert (found["Held on"].form, found["Held on"].unsure) == ("%d.%m.%Y", False)
        assert (found["开始"].form, found["Result"].choices) == ("%Y/%m/%d", ("bad", "good"))
        assert [h for h, c in found.items() if not c.required] == ["Points", "Remark"]

    @pytest.mark.parametrize(
        ("values", "kind"),
        [(["007", "008"], "text"), (["1e5x", "2"], "text"), (["1.5", "2.125"], "number"), (["3", "-4"], "integer"),
         (["2026-01-31 10:30", "2026-02-01 11:00"], "date_time"), (["https://a.example/x"], "uri"), (["", ""], "text"),
         (["2026-02-30"], "text"), (["1_000"], "text"), (["NaN"], "text"), (["x" * 600], "long_text")],
    )  # fmt: skip
    def test_what_is_not_certain_stays_text(self, values, kind):
        assert guessing.columns(["A"], [[v] for v in values])[0].type == kind

    def test_a_day_that_could_be_a_month_is_told(self):
        [column] = guessing.columns(["A"], [["03/04/2026"], ["05/06/2026"]])
        assert column.unsure is True
        [certain] = guessing.columns(["A"], [["03/04/2026"], ["05/16/2026"]])
        assert (certain.form, certain.unsure) == ("%m/%d/%Y", False)

    def test_semicolons_and_sheets_are_read(self, tmp_path):
        assert table(tmp_path, "A;B\n1;x\n")[0] == ["A", "B"]
        book = Workbook()
        book.active.append(["A", "B"])
        book.active.append([1.0, None])
        book.save(tmp_path / "t.xlsx")
        assert guessing.read(tmp_path / "t.xlsx", "t.xlsx") == (["A", "B"], [["1", ""]])

    @pytest.mark.parametrize("text", ["", "A,A\n1,2\n", "A,,B\n1,2,3\n"])
    def test_a_file_without_headers_is_refused(self, tmp_path, text):
        with pytest.raises(guessing.Invalid):
            table(tmp_path, text)

    def test_what_only_calls_itself_a_sheet_is_refused(self, tmp_path):
        with pytest.raises(guessing.Invalid):
            table(tmp_path, "no zip", "t.xlsx")


def sent(page, **changed):
    """The form as the page has it, with some inputs changed."""
    page = page.split("<fieldset", 1)[1]
    found = {}
    for tag in re.findall(r"<input[^>]*>|<select.*?</select>", page, re.DOTALL):
        name = re.search(r'name="([^"]+)"', tag)[1]
        chosen = re.search(r'<option value="([^"]*)" selected', tag) if tag.startswith("<select") else None
        value = (
            chosen[1]
            if chosen
            else ""
            if tag.startswith("<select")
            else (re.search(r'value="([^"]*)"', tag) or ["", ""])[1]
        )
        found.setdefault(name, []).append(value)
    headers = re.findall(r'name="header" value="([^"]*)"', page)
    return {**found, "header": headers, **changed}


class TestATable:
    def test_becomes_a_draft_and_its_rows_come_in(self, portal, hana):
        page = hana.post(PAGE, data={"file": (io.BytesIO(CSV.encode()), "Safety audits.csv")})
        assert page.status_code == 200
        form = sent(page.text)
        form["row_type"][2] = "number"
        form["take"] = [str(n) for n in range(8)]  # without the last column
        assert hana.post(f"{PAGE}/columns", data=form).status_code == 303
        kept = draft(portal, "safety_audits").document
        assert list(kept["properties"]) == [
            "audit_no",
            "held_on",
            "points",
            "rate",
            "passed",
            "result",
            "mail",
            "remark",
        ]
        assert kept["properties"]["points"]["type"] == "number"
        assert kept["properties"]["result"]["enum"] == ["bad", "good"]
        assert kept["x-import"]["dates"] == {"held_on": "%d.%m.%Y"}
        assert send(hana, "/publish", "/designer/safety_audits", comment="From a file").status_code == 303
        made = hana.post(
            "/imports/new", data={"definition": "safety_audits", "file": (io.BytesIO(CSV.encode()), "a.csv")}
        )
        tried = hana.post(
            made.headers["Location"] + "/check", data=sent_mapping(hana.get(made.headers["Location"]).text)
        )
        assert "8" in tried.text

    @pytest.mark.parametrize(
        ("name", "content"), [("a.exe", b"x"), ("a.csv", b""), ("a.json", b"[1"), ("a.xlsx", b"x")]
    )
    def test_what_is_no_table_is_said(self, hana, name, content):
        answer = hana.post(PAGE, data={"file": (io.BytesIO(content), name)})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text

    def test_a_name_that_is_taken_is_said_and_the_corrections_stay(self, portal, hana):
        page = hana.post(PAGE, data={"file": (io.BytesIO(CSV.encode()), "x.csv")}).text
        form = sent(page, name=["employee"], title=["People"])
        form["row_title"][0] = "Number of the audit"
        answer = hana.post(f"{PAGE}/columns", data=form)
        assert answer.status_code == 422
        assert 'id="error-name"' in answer.text
        assert "Number of the audit" in answer.text


def sent_mapping(text):
    return {
        re.search(r'name="([^"]+)"', s)[1]: m[1]
        for s in re.findall(r"<select.*?</select>", text, re.DOTALL)
        if (m := re.search(r'<option value="([^"]*)" selected', s))
    }


FOREIGN = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Incident",
    "type": "object",
    "required": ["incidentNo", "place"],
    "patternProperties": {"^x": {}},
    "properties": {
        "incidentNo": {"type": "string", "maxLength": 20},
        "happened": {"type": ["string", "null"], "format": "date-time"},
        "host": {"type": "string", "format": "hostname"},
        "severity": {"oneOf": [{"const": "low", "title": "Low"}, {"const": "high", "title": "High"}]},
        "place": {"$ref": "#/definitions/place"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "kinds": {"type": "array", "items": {"enum": ["fire", "fall"]}},
        "people": {
            "type": "array",
            "items": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 80}}},
        },
        "free": {"type": "object"},
        "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "elsewhere": {"$ref": "https://example.com/x.json"},
    },
    "definitions": {"place": {"type": "object", "properties": {"hall": {"type": "string", "maxLength": 50}}}},
}


class TestASchema:
    def test_is_taken_over_and_the_rest_is_named(self):
        made, notes = foreign.converted(FOREIGN)
        fields = made["properties"]
        assert fields["severity"]["x-enum-labels"] == {"low": "Low", "high": "High"}
        assert fields["happened"]["format"] == "date-time"
        assert fields["place"]["properties"]["hall"]["maxLength"] == 50
        assert fields["kinds"]["items"]["enum"] == ["fire", "fall"]
        assert list(fields["tags"]["items"]["properties"]) == ["value"]
        assert fields["either"]["type"] == "integer"
        told = {n.pointer: n.message for n in notes}
        assert set(told) >= {
            "/patternProperties", "/properties/incidentNo", "/properties/host/format", "/properties/tags",
            "/properties/free", "/properties/either", "/properties/elsewhere",
        }  # fmt: skip
        document = {"$id": "incident", "title": "Incident", "type": "object", **made}
        assert [p.pointer for p in dialect.check([document])] == []

    def test_one_that_refers_to_itself_ends(self):
        made, _notes = foreign.converted(
            {"$defs": {"a": {"$ref": "#/$defs/a"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}
        )
        assert made["properties"]["x"]["type"] == "string"
        tree = {"type": "object", "properties": {"below": {"$ref": "#"}}}
        assert foreign.converted(
            {
                "properties": {"t": {"$ref": "#/$defs/t"}},
                "$defs": {"t": {**tree, "properties": {"b": {"$ref": "#/$defs/t"}}}},
            }
        )

    def test_becomes_a_draft_from_the_page(self, portal, hana):
        page = hana.post(PAGE, data={"file": (io.BytesIO(json.dumps(FOREIGN).encode()), "incident.json")})
        assert "becomes a table with one field" in page.text
        made, _notes = foreign.converted(FOREIGN)
        document = {"$id": "x", "title": "x", "type": "object", **made}
        sent = {"title": "Incident", "name": "incident", "document": json.dumps(document)}
        assert hana.post(f"{PAGE}/schema", data=sent).status_code == 303
        assert draft(portal, "incident").document["properties"]["kinds"]["type"] == "array"


@pytest.mark.parametrize("account", ["derek", "emma"])
def test_who_does_not_design_finds_none_of_it(portal, account):
    client = logged_in(portal, account)
    assert client.get(PAGE).status_code == 404
    for path in (PAGE, f"{PAGE}/columns", f"{PAGE}/schema"):
        assert client.post(path).status_code == 404
