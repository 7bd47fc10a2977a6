"""Records out, by command and from the list: three formats, filters by name, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import openpyxl
import pytest
from sqlalchemy.orm import Session

from metadata import records
from metadata.access import system
from metadata.engine import make_engine, writing
from metadata.versions import load_catalog
from tests.portal.command import Command, installation
from tests.portal.demo_site import logged_in, prepare, site

EVIL = ("=1+1", "+SUM(A1)", "-cmd", "@x", "\t=2")


@pytest.fixture
def url(database_kind, databases) -> Iterator[str]:
    with databases.copy(database_kind, "demo site", prepare) as found:
        engine = make_engine(found)
        with writing(), Session(engine) as session, session.begin():
            for number, words in enumerate((*EVIL, "-5")):
                row = {"code": f"EVIL{number}", "name": words}
                records.create(session, load_catalog(session), "department", system("test"), row, now=datetime.now(UTC))
        engine.dispose()
        yield found


@pytest.fixture
def plumbline(url, tmp_path) -> Command:
    return installation(url, tmp_path / "data")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_has_every_record_and_no_formula(plumbline):
    found = rows(plumbline.ok("records", "export", "department").out)
    names = {row["code"]: row["name"] for row in found}
    assert [names[f"EVIL{n}"] for n in range(6)] == ["'=1+1", "'+SUM(A1)", "'-cmd", "'@x", "'\t=2", "-5"]
    assert len(rows(plumbline.ok("records", "export", "employee").out)) == 240


def test_json_is_one_array_with_values_as_rest_gives_them(plumbline):
    found = json.loads(plumbline.ok("records", "export", "department", "--format", "json").out)
    assert {"=1+1", "-5"} <= {row["name"] for row in found}
    assert plumbline.ok("records", "export", "department", "--json").json == found
    assert plumbline.ok("records", "export", "department", "--json", "--filter", "code=NONE").json == []


def test_xlsx_opens_with_days_as_days_and_text_as_text(plumbline, tmp_path):
    told = plumbline.ok("records", "export", "employee", "--output", tmp_path / "people.xlsx", "--json").json
    assert (told["records"], told["format"]) == (240, "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "people.xlsx").active
    head, first = (list(row) for row in list(sheet.iter_rows(values_only=True))[:2])
    assert isinstance(first[head.index("hired_on")], datetime)
    assert sheet.max_row == 241
    plumbline.ok("records", "export", "department", "--output", tmp_path / "d.xlsx")
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "d.xlsx").active.iter_rows() for cell in row]
    assert {c.data_type for c in cells if c.value in EVIL} == {"s"}


def test_filters_compare_and_name_references_by_what_people_read(plumbline):
    every = rows(plumbline.ok("records", "export", "employee").out)
    active = rows(plumbline.ok("records", "export", "employee", "--filter", "status=active").out)
    assert len(active) == len([row for row in every if row["status"] == "active"]) > 0
    some = rows(plumbline.ok("records", "export", "employee", "--filter", "id__lte=10").out)
    assert len(some) == len([row for row in every if int(row["id"]) <= 10])
    production = next(row for row in rows(plumbline.ok("records", "export", "department").out) if row["code"] == "PRD")
    mine = rows(plumbline.ok("records", "export", "employee", "--filter", f"department={production['name']}").out)
    assert len(mine) == len([row for row in every if row["department"] == production["id"]])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("employee", "--filter", "colour=red"), 1, "There is no field called “colour”; the fields are:"),
        (("employee", "--filter", "status=gone"), 1, "“gone” is not one of the choices"),
        (("employee", "--filter", "hired_on=soon"), 1, "A date such as 2026-03-31"),
        (("employee", "--filter", "department=Nowhere"), 1, "names no record of department"),
        (("employee", "--filter", "status"), 2, "FIELD=VALUE"),
        (("nothing",), 1, "There is no definition called “nothing”."),
        (("my_week",), 1, "has no records"),
        (("employee", "--output", "/nowhere/at/all.csv"), 1, "/nowhere/at"),
    ],
)
def test_what_is_wrong_is_named(plumbline, arguments, code, words):
    ended = plumbline("records", "export", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err


def test_a_file_is_whole_or_not_there(plumbline, tmp_path):
    target = tmp_path / "out.csv"
    assert plumbline("records", "export", "employee", "--output", target, "--filter", "status=gone").code == 1
    assert list(tmp_path.glob("*out.csv*")) == []
    plumbline.ok("records", "export", "employee", "--output", target)
    assert len(rows(target.read_text(encoding="utf-8"))) == 240


def test_the_list_page_offers_both_and_writes_labels(url, tmp_path):
    app = site(url, tmp_path)
    hana = logged_in(app, "hana")
    page = hana.get("/records/employee/list/?status=active").text
    assert "/records/employee/export.csv?status=active" in page
    assert "/records/employee/export.xlsx?status=active" in page
    table = hana.get("/records/employee/export.csv?status=active&columns=name,department")
    book = hana.get("/records/employee/export.xlsx?status=active&columns=name,department")
    sheet = openpyxl.load_workbook(io.BytesIO(book.data)).active
    written = [[str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert written == list(csv.reader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert logged_in(app, "emma").get("/records/employee/export.xlsx").status_code == 404
