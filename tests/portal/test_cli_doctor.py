"""`plumbline doctor`: one line for each thing, with what to do; 1 when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from metadata import store
from metadata.engine import make_engine, writing
from tests.portal.command import Command, installation
from tests.portal.demo_site import prepare
from workflows.store import jobs, leases

LONG_AGO = datetime.now(UTC) - timedelta(days=2)


@pytest.fixture
def plumbline(database_kind, databases, tmp_path) -> Iterator[Command]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        yield installation(url, tmp_path / "data")


def states(plumbline: Command) -> dict[str, tuple[str, str]]:
    ended = plumbline("doctor", "--json")
    found = {c["name"]: (c["state"], f"{c['text']} {c['todo']}") for c in ended.json["checks"]}
    assert ended.code == (1 if "fail" in {state for state, _text in found.values()} else 0)
    assert ended.json["ok"] == (ended.code == 0)
    return found


def run(plumbline: Command, *statements) -> None:
    url = plumbline.settings["PLUMBLINE_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    engine = make_engine(url)
    with writing(), engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


def test_a_sound_installation_has_nothing_that_fails(plumbline):
    found = states(plumbline)
    assert list(found) == [
        *("settings", "data", "database", "migrated", "catalog", "tables", "files"),
        *("jobs", "leases", "outbox", "broker", "mail"),
    ]
    assert {name for name, (state, _text) in found.items() if state != "ok"} <= {"mail", "outbox"}
    assert plumbline.ok("doctor").out.count("\n") == 12


def test_a_new_installation_is_told_to_migrate_and_then_to_install_a_pack(databases, tmp_path):
    with databases.fresh("sqlite") as url:
        fresh = installation(url, tmp_path / "data")
        assert "plumbline migrate" in states(fresh)["migrated"][1]
        fresh.ok("migrate")
        assert states(fresh)["catalog"][0] == "warn"


def test_a_column_that_somebody_dropped_is_named(plumbline):
    run(
        plumbline,
        text("ALTER TABLE rec_hr_hours RENAME TO gone"),
        text("ALTER TABLE rec_course DROP COLUMN description"),
    )
    state, words = states(plumbline)["tables"]
    assert state == "fail"
    assert "rec_course.description" in words
    assert "rec_hr_hours" in words


def test_a_definition_that_can_not_be_compiled_is_a_failure(plumbline):
    broken = {"name": "broken", "catalog_version": 1, "document": {"$id": "broken"}, "pack": ""}
    run(plumbline, insert(store.definition).values(broken))
    assert states(plumbline)["catalog"][0] == "fail"


def test_work_that_stands_still_is_a_warning(plumbline):
    event = {"at": LONG_AGO, "topic": "x", "payload": {}, "actor": "x", "catalog_version": 1, "next_at": LONG_AGO}
    job = {"kind": "x", "title": "X", "state": "running", "created_by": "x", "created_at": LONG_AGO}
    more = {"changed_at": LONG_AGO, "next_at": LONG_AGO, "lease_until": LONG_AGO}
    run(
        plumbline,
        insert(store.outbox).values(event),
        insert(jobs).values(**job, **more),
        insert(leases).values(name="tick", owner="x", until=LONG_AGO),
    )
    found = states(plumbline)
    for name in ("jobs", "leases", "outbox"):
        assert found[name][0] == "warn"
        assert "plumbline worker" in found[name][1]


def test_broker_and_mail_that_are_away_are_failures(plumbline):
    away = Command(
        **{k.removeprefix("PLUMBLINE_"): v for k, v in plumbline.settings.items()},
        BROKER_URL="redis://127.0.0.1:1/0",
        SMTP_URL="smtp://127.0.0.1:1",
    )
    found = states(away)
    assert (found["broker"][0], found["mail"][0]) == ("fail", "fail")


def test_a_data_folder_that_can_not_be_used_is_named(plumbline, tmp_path):
    (tmp_path / "file").write_text("")
    wrong = Command(DATA_DIR=str(tmp_path / "file" / "below"))
    assert states(wrong)["settings"][0] == "fail"
