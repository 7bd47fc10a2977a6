"""`plumbline definitions check`: all problems of all files with file and pointer; exit codes; JSON for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metadata import packs
from tests.processes import product_environment, run_product

SHIPPED = Path(packs.__file__).parent
WRONG = {"$id": "crew", "title": "", "type": "object", "properties": {"who": {"$ref": "ghost"}}}


@pytest.fixture
def check(tmp_path):
    """The command, and a folder with a wrong definition and a file that is no JSON."""
    folder = tmp_path / "mine"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "crew.json").write_text(json.dumps(WRONG))
    (folder / "broken.json").write_text('{"$id": "broken",')

    def run(*arguments: str):
        return run_product("definitions", "check", *arguments, environment=product_environment(tmp_path / "data"))

    return run, folder


def test_takes_what_ships(check):
    run, _folder = check
    done = run("--alone", str(SHIPPED))
    assert (done.returncode, done.stdout.splitlines()[-1][-10:]) == (0, "0 problems")


def test_tells_every_problem_with_file_and_pointer_and_ends_with_one(check):
    run, folder = check
    done = run("--alone", str(folder), "--json")
    told = {(Path(p["file"]).name, p["pointer"]) for p in json.loads(done.stdout)["problems"]}
    assert told == {("broken.json", ""), ("crew.json", "/title"), ("crew.json", "/properties/who/$ref")}
    assert done.returncode == 1


def test_says_how_to_go_on_without_a_catalog(check):
    run, folder = check
    done = run(str(folder))
    assert done.returncode == 1
    assert "--alone" in done.stderr
    assert "Traceback" not in done.stderr
