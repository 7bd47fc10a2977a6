"""Flask-AppBuilder's permission rows follow the definitions, in the publish itself, in few statements."""

from __future__ import annotations

import copy
import json
import threading
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from metadata import publish
from metadata.access import system
from metadata.catalog import EMPTY
from metadata.engine import make_engine
from metadata.errors import Busy, Conflict
from metadata.parser import thawed
from portal import permissions, units
from portal.app import migrate
from portal.cli import cli
from portal.extensions import db

ROWS = """SELECT p.name, m.name, r.name FROM ab_permission_view_role l
JOIN ab_permission_view v ON v.id = l.permission_view_id JOIN ab_permission p ON p.id = v.permission_id
JOIN ab_view_menu m ON m.id = v.view_menu_id JOIN ab_role r ON r.id = l.role_id"""


def stored(app, definition):
    with app.app_context():
        found = {(row[0], row[2]) for row in db.session.execute(text(ROWS)) if row[1] == definition}
        db.session.remove()
    return found


def wanted(document):
    rules = document["x-access"].items()
    return {(f"can_{a}", role) for role, rule in rules if rule["rows"] != "none" for a in rule.get("can", [])}


def document(app, name="position"):
    with app.app_context():
        found = app.extensions["plumbline_catalogs"].current(db.session())[name].definition.document
        db.session.remove()
    return json.loads(json.dumps(thawed(found)))


def put(app, *documents, **more):
    with app.app_context():
        units.publish(
            lambda s, c: publish.publish(
                s, c, documents, actor=system("test"), comment="", now=datetime.now(UTC), **more
            )
        )
        db.session.remove()


def many(app, count):
    """New definitions, each as `position` is."""
    plain = document(app)
    found = []
    for number in range(count):
        one = copy.deepcopy(plain)
        one["$id"] = f"extra_{number}"
        for item in one["properties"].values():
            item.pop("x-id", None)
        found.append(one)
    return found


def test_every_definition_has_its_rows_after_migration(portal):
    for name in ("position", "employee", "review"):
        assert stored(portal, name) == wanted(document(portal, name))


def test_a_publish_brings_what_changed_and_takes_what_is_stale(portal):
    plain = document(portal)
    plain["x-access"]["Trainer"] = {"rows": "all", "can": ["list", "show", "edit"]}
    plain["x-access"]["Employee"] = {"rows": "none"}
    before = stored(portal, "employee")
    put(portal, plain)
    assert stored(portal, "position") == wanted(plain)
    assert ("can_edit", "Trainer") in stored(portal, "position")
    assert stored(portal, "employee") == before


def test_a_withdrawn_definition_leaves_nothing(portal):
    extra = many(portal, 1)
    put(portal, *extra)
    assert stored(portal, "extra_0") == wanted(extra[0])
    put(portal, {"$id": "extra_0", "x-withdrawn": True}, confirm=["extra_0"])
    assert stored(portal, "extra_0") == set()
    with portal.app_context():
        left = db.session.execute(text("SELECT count(*) FROM ab_view_menu WHERE name = 'extra_0'")).scalar()
        db.session.remove()
    assert left == 0


def test_a_failed_publish_leaves_the_rows_as_they_were(portal):
    plain = document(portal)
    plain["x-access"]["Trainer"] = {"rows": "all", "can": ["list", "show", "edit"]}
    before = stored(portal, "position")

    def broken(*_call):
        raise Conflict("Something else was wrong.")

    with pytest.raises(Conflict):
        put(portal, plain, hooks=[broken])
    assert stored(portal, "position") == before


def test_the_statements_do_not_grow_and_a_restart_costs_one(portal):
    counted: list[str] = []

    def count(*call):
        if " ab_" in call[2]:
            counted.append(call[2])

    with portal.app_context():
        event.listen(db.engine, "before_cursor_execute", count)
    extra = many(portal, 60)
    put(portal, extra[0])
    one = len(counted)
    counted.clear()
    put(portal, *extra[1:])
    assert len(counted) <= one <= 12
    counted.clear()
    with portal.app_context():
        session = db.session()
        assert permissions.catch_up(session, portal.extensions["plumbline_catalogs"].current(session)) == 0
        db.session.remove()
    assert len(counted) == 1
    migrate(portal)
    assert stored(portal, "extra_59") == wanted(extra[59])


def test_two_publishers_at_once_leave_each_row_once(portal):
    extra = many(portal, 8)
    failures: list[BaseException] = []

    def work(documents):
        for _attempt in range(20):
            try:
                put(portal, *documents)
            except Busy:
                continue
            except BaseException as error:
                failures.append(error)
            return
        failures.append(TimeoutError("never came through"))

    threads = [threading.Thread(target=work, args=(part,)) for part in (extra[:4], extra[4:], extra[2:6])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    for one in extra:
        assert stored(portal, one["$id"]) == wanted(one)


def test_the_command_line_does_it_too(portal, tmp_path, monkeypatch):
    plain = document(portal)
    plain["x-access"]["Trainer"] = {"rows": "all", "can": ["list", "show", "edit"]}
    path = tmp_path / "position.json"
    path.write_text(json.dumps(plain))
    monkeypatch.setenv("PLUMBLINE_DATABASE_URL", portal.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("PLUMBLINE_DATA_DIR", str(tmp_path))
    answer = CliRunner().invoke(cli, ["definitions", "publish", str(path), "--comment", "why"])
    assert answer.exit_code == 0, answer.output
    assert ("can_edit", "Trainer") in stored(portal, "position")


def test_a_publish_without_the_frameworks_tables_still_works(databases):
    with databases.fresh("sqlite") as url:
        engine = make_engine(url)
        with Session(engine) as session:
            permissions.follow(session, EMPTY, EMPTY, frozenset({"position"}))
        engine.dispose()
