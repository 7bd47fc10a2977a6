"""Every command of `plumbline`: help with an example, JSON for machines, 2 for wrong usage, 1 and a sentence for the rest."""

from __future__ import annotations

import json
import re
import shlex

import click
import pytest

from portal.cli import cli
from tests.portal.command import Command, installation


def leaves(group: click.Group, *path: str) -> list[tuple[tuple[str, ...], click.Command]]:
    found, context = [], click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += leaves(command, *path, name)
        else:
            found.append(((*path, name), command))
    return found


LEAVES = leaves(cli)
NAMES = {" ".join(path) for path, _command in LEAVES}
PROMISED = {
    *("up", "web", "worker", "scheduler", "migrate", "demo load", "backup", "restore", "doctor"),
    *(f"pack {word}" for word in ("list", "install", "upgrade", "uninstall")),
    *(
        f"definitions {w}"
        for w in ("list", "history", "export", "show", "check", "diff", "publish", "rollback", "purge")
    ),
    *("records import", "records export", "user create", "user password", "user role"),
}
every = pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(path) for path, _command in LEAVES])


@pytest.fixture
def plumbline(tmp_path) -> Command:
    return installation(f"sqlite:///{tmp_path / 'none.sqlite'}", tmp_path / "data")


def test_nothing_is_missing_and_nothing_else_was_promised():
    assert NAMES == PROMISED


@every
def test_help_has_an_example_of_this_very_command(plumbline, path, command):
    shown = plumbline(*path, "--help")
    assert (shown.code, shown.err) == (0, "")
    text = " ".join(shown.out.split())
    example = re.search(r"Example: plumbline (.*?) Options:", text)
    assert example, text
    assert shlex.split(example[1])[: len(path)] == list(path)


@every
def test_json_is_there_for_machines(plumbline, path, command):
    assert "--json" in plumbline(*path, "--help").out


@every
def test_wrong_usage_ends_with_two(plumbline, path, command):
    ended = plumbline(*path, "--no-such-option")
    assert (ended.code, ended.out) == (2, "")
    assert "No such option" in ended.err


GROUPS = [(), *sorted({path[:1] for path, _command in LEAVES if len(path) > 1})]


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_groups_tell_what_is_in_them(plumbline, path):
    assert plumbline(*path, "--help").code == 0
    assert plumbline(*path, "nothing").code == 2


ASKING = [
    ("pack", "list"),
    ("pack", "install", "garments"),
    ("pack", "upgrade", "garments"),
    ("pack", "uninstall", "garments"),
    ("definitions", "list"),
    ("definitions", "show", "employee"),
    ("definitions", "history"),
    ("definitions", "export", "out"),
    ("definitions", "check", "one.json"),
    ("definitions", "diff", "one.json"),
    ("definitions", "publish", "one.json", "--comment", "x"),
    ("definitions", "rollback", "1", "--comment", "x"),
    ("records", "export", "employee"),
    ("records", "import", "employee", "one.csv"),
    ("user", "password", "ada", "--password", "Ada-secret-7319"),
    ("user", "role", "ada", "HR admin"),
    ("user", "create", "ada", "--role", "HR admin", "--email", "a@example.org", "--password", "Ada-secret-7319"),
    ("restore", "one.csv"),
    ("backup", "all.zip"),
    ("web",),
    ("worker",),
    ("scheduler",),
]


@pytest.fixture
def _files(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = {"$id": "one", "title": "One", "type": "object", "properties": {"a": {"type": "string", "title": "A"}}}
    (tmp_path / "one.json").write_text(json.dumps(one))
    (tmp_path / "one.csv").write_text("a\n1\n")


@pytest.mark.parametrize("arguments", ASKING, ids=" ".join)
def test_a_database_that_was_never_set_up_is_named_with_what_to_do(plumbline, _files, arguments):
    ended = plumbline(*arguments)
    assert (ended.code, "Traceback" in ended.err) == (1, False)
    assert "plumbline migrate" in ended.err or arguments[0] == "restore" or "--alone" in ended.err


@pytest.mark.parametrize("arguments", [*ASKING, ("migrate",), ("up",), ("demo", "load")], ids=" ".join)
def test_a_database_that_can_not_be_reached_is_named(tmp_path, _files, arguments):
    away = installation("postgresql://nobody@127.0.0.1:1/none", tmp_path / "data")
    ended = away(*arguments, "--json")
    told = ended.json["error"]
    assert (ended.code, ended.err) == (1, "")
    assert "PLUMBLINE_DATABASE_URL" in told or arguments[0] == "restore" or "--alone" in told


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"COLOUR": "red"}, "There is no setting PLUMBLINE_COLOUR"),
        ({"SECRET_KEY": "short"}, "PLUMBLINE_SECRET_KEY"),
        ({"DATABASE_URL": "mysql://x"}, "PLUMBLINE_DATABASE_URL"),
        ({"BIND": "nowhere"}, "PLUMBLINE_BIND"),
    ],
)
def test_a_wrong_setting_stops_every_command_and_is_named(tmp_path, settings, words):
    for arguments in (("pack", "list"), ("web",), ("doctor",)):
        ended = Command(DATA_DIR=str(tmp_path), **settings)(*arguments)
        assert (ended.code, words in ended.err + ended.out) == (1, True)
