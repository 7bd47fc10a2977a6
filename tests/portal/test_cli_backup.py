"""`plumbline backup` and `restore`: everything comes back, on either database; a bad file or a full house changes nothing."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import column, create_engine, inspect, select, table
from sqlalchemy.orm import Session

from metadata import files
from metadata.engine import make_engine, writing
from tests.metadata.conftest import HANA
from tests.portal.command import Command, installation
from tests.portal.demo_site import logged_in, prepare, site
from tests.samples import PDF

pytestmark = pytest.mark.both_databases

OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}


@pytest.fixture
def here(database_kind, databases, tmp_path) -> Iterator[Command]:
    """The demo company, with a hidden column, a withdrawn definition, an uninstalled pack and an upload."""
    with databases.copy(database_kind, "demo site", prepare) as url:
        plumbline = installation(url, tmp_path / "here")
        plumbline.ok("migrate")
        shown = plumbline.ok("definitions", "show", "department").json
        shown["properties"]["floor"] = {"type": "number", "multipleOf": 0.01, "title": "Floor"}
        publish(plumbline, tmp_path, shown)
        (tmp_path / "floors.csv").write_text("code,name,floor\nF1,Attic,3.25\n")
        plumbline.ok("records", "import", "department", tmp_path / "floors.csv")
        del shown["properties"]["floor"]
        publish(plumbline, tmp_path, shown, "--confirm", "department")
        lists_and_rows(plumbline, tmp_path)
        plumbline.ok("pack", "install", "garments", "--adopt")
        plumbline.ok("pack", "uninstall", "garments", "--confirm", "garments")
        attach(plumbline)
        uploads = tmp_path / "here" / "uploads" / "a"
        uploads.mkdir(parents=True)
        (uploads / "rows.csv").write_bytes(b"\x00\x01rows")
        yield plumbline


@pytest.fixture
def there(database_kind, databases, tmp_path) -> Iterator[Command]:
    """An empty installation on the other kind of database."""
    with databases.fresh(OTHER[database_kind]) as url:
        yield installation(url, tmp_path / "there")


def attach(plumbline: Command) -> None:
    """A file of several pieces."""
    engine = make_engine(plumbline.settings["PLUMBLINE_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
    with writing(), Session(engine) as session, session.begin():
        content = BytesIO(PDF + bytes(range(256)) * 10_000)
        files.receive(session, HANA, "scan.pdf", content, limit=content.getbuffer().nbytes, now=datetime.now(UTC))
    engine.dispose()


def lists_and_rows(plumbline: Command, folder: Path) -> None:
    """A definition with a list, a child table, and what was taken out of both."""
    inner = {"what": {"type": "string", "maxLength": 20}, "weight": {"type": "number", "multipleOf": 0.01}}
    plan = {
        "$id": "plan",
        "title": "Plan",
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "units": {"type": "array", "items": {"$ref": "department"}},
            "days": {"type": "array", "items": {"type": "string", "enum": ["mon", "tue"]}},
            "lines": {"type": "array", "items": {"type": "object", "properties": inner}},
        },
    }
    publish(plumbline, folder, plan)
    (folder / "plans.csv").write_text(
        'name,units,days,lines\nA,1; 2,mon; tue,"[{""what"": ""x"", ""weight"": 1.25}]"\n'
    )
    plumbline.ok("records", "import", "plan", folder / "plans.csv")
    shown = plumbline.ok("definitions", "show", "plan").json
    del shown["properties"]["days"], shown["properties"]["lines"]["items"]["properties"]["weight"]
    publish(plumbline, folder, shown, "--confirm", "plan")


def publish(plumbline: Command, folder: Path, document: dict, *more: str) -> None:
    path = folder / f"{document['$id']}.json"
    path.write_text(json.dumps(document))
    plumbline.ok("definitions", "publish", path, "--comment", "Test", *more)


def contents(plumbline: Command) -> dict[str, list[tuple]]:
    """Every row of every table, numbers as numbers, in order of the columns' names."""
    engine = create_engine(plumbline.settings["PLUMBLINE_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:"))
    found = {}
    with engine.connect() as connection:
        inspector = inspect(connection)
        for name in inspector.get_table_names():
            columns = sorted((column(c["name"], c["type"]) for c in inspector.get_columns(name)), key=lambda c: c.name)
            asked = select(*columns).select_from(table(name))
            rows = [tuple(_plain(value) for value in row) for row in connection.execute(asked)]
            found[name] = sorted(rows, key=repr)
    engine.dispose()
    return found


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None) if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, bool | str | None.__class__):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, UUID):
        return value.hex  # how SQLite keeps one
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    return float(value) if hasattr(value, "__float__") else str(value)


def test_a_backup_of_one_database_comes_back_on_the_other(here, there, tmp_path):
    file = tmp_path / "all.zip"
    told = here.ok("backup", file, "--json").json
    assert (told["tables"]["rec_employee"], told["uploads"]) == (240, 1)
    there.ok("restore", file)
    before, after = contents(here), contents(there)
    assert {n for n in before if before[n] != after.get(n)} == set()
    assert set(after) >= set(before)
    assert (tmp_path / "there" / "uploads" / "a" / "rows.csv").read_bytes() == b"\x00\x01rows"
    assert len(after["plumbline_file_part"]) == 10
    assert (file.stat().st_mode & 0o077) == 0


def test_what_came_back_works(here, there, tmp_path):
    here.ok("backup", tmp_path / "all.zip")
    there.ok("restore", tmp_path / "all.zip")
    app = site(there.settings["PLUMBLINE_DATABASE_URL"], tmp_path / "there")
    app.config["WTF_CSRF_ENABLED"] = False
    hana = logged_in(app, "hana")
    assert hana.post("/records/department/add", data={"code": "NEW", "name": "New"}).status_code == 302
    assert "Attic" in hana.get("/records/department/list/?search=attic").text
    shown = there.ok("definitions", "show", "department").json
    shown["properties"]["floor"] = {"type": "number", "multipleOf": 0.01, "title": "Floor", "x-id": "floor"}
    publish(there, tmp_path, shown)
    found = there.ok("records", "export", "department", "--json", "--filter", "code=F1").json
    assert found[0]["floor"] == 3.25
    there.ok("pack", "install", "garments")
    there.ok("user", "create", "ada", "--role", "HR admin", "--email", "a@example.org", "--password", "Ada-secret-7319")


def test_a_house_that_is_lived_in_wants_replace(here, database_kind, databases, tmp_path):
    here.ok("backup", tmp_path / "all.zip")
    (tmp_path / "more.csv").write_text("code,name\nX1,Extra\n")
    here.ok("records", "import", "department", tmp_path / "more.csv")
    shown = here.ok("definitions", "show", "department").json
    publish(here, tmp_path, {**shown, "title": "Unit"})
    late = {"$id": "late", "title": "Late", "type": "object", "properties": {"a": {"type": "string", "title": "A"}}}
    publish(here, tmp_path, late)
    stale = site(here.settings["PLUMBLINE_DATABASE_URL"], tmp_path / "here")
    assert logged_in(stale, "hana").get("/records/late/list/").status_code == 200

    refused = here("restore", tmp_path / "all.zip")
    assert (refused.code, "--replace" in refused.err) == (1, True)
    assert here.ok("definitions", "show", "department").json["title"] == "Unit"
    here.ok("restore", tmp_path / "all.zip", "--replace")
    assert here.ok("definitions", "show", "department").json["title"] == "Department"
    assert here.ok("records", "export", "department", "--json", "--filter", "code=X1").json == []
    hana = logged_in(stale, "hana")  # a process that ran all the time sees it at its next request
    assert hana.get("/records/late/list/").status_code == 404
    assert hana.get("/records/department/list/").status_code == 200


def spoilt(file: Path, change) -> Path:
    """A copy of the archive with one member changed, or dropped where `change` gives None."""
    made = file.with_name("spoilt.zip")
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = change(name, source.read(name))
            if data is not None:
                target.writestr(name, data)
    return made


def newer(name: str, data: bytes) -> bytes:
    return data.replace(b'"product": "0.', b'"product": "99.') if name == "manifest.json" else data


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda name, data: data if name != "tables/rec_employee.jsonl" else data.replace(b"Emma", b"Evil", 1),
            "damaged",
        ),
        (lambda name, data: data if name != "tables/ab_user.jsonl" else None, "damaged"),
        (lambda name, data: data if name != "manifest.json" else None, "damaged"),
        (newer, "newer version"),
    ],
    ids=["a row changed", "a table missing", "no manifest", "newer"],
)
def test_a_file_that_can_not_be_trusted_changes_nothing(here, there, tmp_path, change, words):
    here.ok("backup", tmp_path / "all.zip")
    there.ok("migrate")
    before = contents(there)
    ended = there("restore", spoilt(tmp_path / "all.zip", change))
    assert (ended.code, words in ended.err, "Traceback" in ended.err) == (1, True, False)
    assert contents(there) == before


def test_a_file_cut_short_or_no_backup_at_all_is_refused(here, there, tmp_path):
    here.ok("backup", tmp_path / "all.zip")
    whole = (tmp_path / "all.zip").read_bytes()
    for number, data in enumerate((whole[: len(whole) // 2], b"", b"id,name\n1,a\n")):
        (tmp_path / f"bad{number}.zip").write_bytes(data)
        ended = there("restore", tmp_path / f"bad{number}.zip")
        assert (ended.code, "damaged" in ended.err) == (1, True)
