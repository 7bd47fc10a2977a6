"""Packs and folders from elsewhere: whatever is in them, the answer names the file, and nothing is half installed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.command import Command, installation
from tests.portal.demo_site import prepare

CREW = {"$id": "crew", "title": "Crew", "type": "object", "properties": {"name": {"type": "string"}}}
GANG = {**CREW, "$id": "gang", "title": "Gang"}
TEXT = json.dumps(GANG)


@pytest.fixture(scope="module")
def plumbline(databases, tmp_path_factory) -> Iterator[Command]:
    with databases.copy("sqlite", "demo site", prepare) as url:
        yield installation(url, tmp_path_factory.mktemp("data"))


def outside(path: Path) -> None:
    """A link to a good definition that is not in the folder."""
    other = path.parent.parent / "elsewhere.json"
    other.write_text(TEXT)
    path.symlink_to(other)


def written(content: str | bytes):
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


FILES = {
    "link that leads out": (outside, "leads out of its folder"),
    "link in a circle": (lambda path: path.symlink_to(path), "cannot be read"),
    "link to nothing": (lambda path: path.symlink_to(path.parent / "nothing"), "cannot be read"),
    "folder": (Path.mkdir, "This is no file"),
    "pipe that nobody writes": (os.mkfifo, "This is no file"),
    "file of 3 GB": (lambda path: (path.touch(), os.truncate(path, 3_000_000_000)), "3000.0 MB long"),
    "deep nesting": (written('{"a":' * 5000 + "1" + "}" * 5000), "nests deeper"),
    "a NUL byte": (written(TEXT.replace("Gang", "Ga\\u0000ng")), "cannot be stored"),
    "NUL bytes as such": (written(b"\0" * 64), "cannot be read as JSON"),
    "another encoding": (written(TEXT.replace("Gang", "Gäng").encode("latin-1")), "not UTF-8"),
    "UTF-16": (written(TEXT.encode("utf-16")), "not UTF-8"),
    "no JSON": (written("<xml/>"), "cannot be read as JSON"),
    "a list": (written("[]"), "one JSON object"),
    "a name twice": (written(TEXT[:-1] + ', "$id": "gang"}'), "twice"),
    "a name of the system": (written(json.dumps({**GANG, "$id": "audit"})), "audit"),
    "a name in SQL": (written(json.dumps({**GANG, "$id": 'x"; DROP TABLE rec_employee; --'})), "DROP TABLE"),
    "a name with a way out": (written(json.dumps({**GANG, "$id": "../gang"})), "../gang"),
    "a room of REST": (written(json.dumps({**GANG, "$id": "scores"})), "scores"),
}


def refuses(plumbline: Command, words: str, *arguments: object) -> str:
    """The command ends with one sentence, and the installation is as it was."""
    ended = plumbline(*arguments)
    assert (ended.code, "Traceback" in ended.err) == (1, False), ended.err
    assert words in ended.err + ended.out, ended.err + ended.out
    after = plumbline.ok("definitions", "list", "--json").json
    assert not {"crew", "gang"} & {one["name"] for one in after}
    return ended.err + ended.out


@pytest.mark.parametrize("case", FILES)
def test_a_folder_with_one_such_file_publishes_nothing(plumbline, tmp_path, case):
    make, words = FILES[case]
    folder = tmp_path / "definitions"
    folder.mkdir()
    (folder / "crew.json").write_text(json.dumps(CREW))
    make(folder / "gang.json")
    said = refuses(plumbline, words, "definitions", "publish", folder, "--comment", "x")
    if not case.startswith(("a name of", "a name in", "a name with", "a room")):  # those name the definition
        assert "gang.json" in said
    manifest = {"format": 1, "catalog_version": 1, "packs": {}, "definitions": {"crew": [], "gang": []}}
    (folder / "plumbline.json").write_text(json.dumps(manifest))
    refuses(plumbline, words, "definitions", "publish", folder, "--comment", "x")


@pytest.mark.parametrize("case", FILES)
def test_a_pack_with_one_such_file_installs_nothing(plumbline, tmp_path, case):
    make, words = FILES[case]
    folder = tmp_path / "crews"
    folder.mkdir()
    manifest = {"name": "crews", "title": "Crews", "version": "1.0", "definitions": ["crew", "gang"]}
    (folder / "pack.json").write_text(json.dumps(manifest))
    (folder / "crew.json").write_text(json.dumps(CREW))
    make(folder / "gang.json")
    assert "gang" in refuses(plumbline, words, "pack", "install", folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"definitions": ["crew", "../../etc/passwd"]}, "/definitions"),
        ({"definitions": ["crew", "a" * 5000]}, "cannot be read"),
        ({"definitions": [{"$id": "crew"}]}, "/definitions"),
        ({"requires": ["/etc"]}, "/requires"),
        ({"requires": ["crews"]}, "no pack called"),
        ({"name": "../crews"}, "/name"),
        ({"version": 1}, "/version"),
        ({"x-i18n": {"zh": "x"}}, "/x-i18n"),
        ({"post-install": "rm -rf /"}, "post-install"),
    ],
)
def test_a_manifest_of_a_pack_that_wants_more_is_refused_at_its_place(plumbline, tmp_path, change, words):
    manifest = {"name": "crews", "title": "Crews", "version": "1.0", "definitions": ["crew"]}
    (tmp_path / "pack.json").write_text(json.dumps({**manifest, **change}))
    (tmp_path / "crew.json").write_text(json.dumps(CREW))
    refuses(plumbline, words, "pack", "install", tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"packs": {"../elsewhere": "1"}}, "/packs"),
        ({"packs": ["organisation"]}, "/packs"),
        ({"packs": {"organisation": 7}}, "/packs"),
        ({"definitions": {"crew": 5}}, "/definitions"),
        ({"definitions": ["crew"]}, "no readable plumbline.json"),
        ({"catalog_version": "seven"}, "/catalog_version"),
        ({"format": 2}, "no readable plumbline.json"),
    ],
)
def test_a_manifest_of_a_folder_that_no_export_wrote_is_refused(plumbline, tmp_path, change, words):
    manifest = {"format": 1, "catalog_version": 1, "packs": {}, "definitions": {"crew": []}}
    (tmp_path / "plumbline.json").write_text(json.dumps({**manifest, **change}))
    (tmp_path / "crew.json").write_text(json.dumps(CREW))
    refuses(plumbline, words, "definitions", "publish", tmp_path, "--comment", "x")


def test_one_definition_in_two_files_is_said_and_none_is_taken(plumbline, tmp_path):
    manifest = {"format": 1, "catalog_version": 1, "packs": {}, "definitions": {"crew": []}}
    (tmp_path / "plumbline.json").write_text(json.dumps(manifest))
    for name in ("crew", "other"):
        (tmp_path / f"{name}.json").write_text(json.dumps({**CREW, "title": name}))
    refuses(plumbline, "Another file holds", "definitions", "publish", tmp_path, "--comment", "x")


def test_after_all_of_this_no_pack_is_left(plumbline):
    assert "crews" not in {one["name"] for one in plumbline.ok("pack", "list", "--json").json}


def test_an_export_deletes_nothing_outside_its_folder(plumbline, tmp_path):
    victim, folder = tmp_path / "victim.json", tmp_path / "definitions"
    victim.write_text("{}")
    folder.mkdir()
    (folder / "plumbline.json").write_text(json.dumps({"format": 1, "definitions": {"../victim": []}}))
    plumbline.ok("definitions", "export", folder)
    assert victim.exists()
