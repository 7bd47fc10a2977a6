"""`plumbline pack`: installed from a folder, renewed beside HR's changes, uninstalled with the name typed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, text

from tests.portal.command import Command, installation
from tests.portal.demo_site import prepare

CREW = {
    "$id": "crew",
    "title": "Crew",
    "type": "object",
    "properties": {"name": {"type": "string", "title": "Name"}, "lead": {"$ref": "employee", "title": "Lead"}},
}


@pytest.fixture
def plumbline(database_kind, databases, tmp_path) -> Iterator[Command]:
    with databases.copy(database_kind, "demo site", prepare) as url:
        yield installation(url, tmp_path / "data")


@pytest.fixture
def folder(tmp_path):
    def write(version: str, **properties):
        path = tmp_path / f"crew-{version}"
        path.mkdir()
        manifest = {"name": "crews", "title": "Crews", "version": version, "definitions": ["crew"]}
        (path / "pack.json").write_text(json.dumps(manifest))
        merged = {**CREW["properties"], **properties}
        (path / "crew.json").write_text(json.dumps({**CREW, "properties": merged}))
        return path

    return write


def found(plumbline, name):
    return next((one for one in plumbline.ok("pack", "list", "--json").json if one["name"] == name), None)


def test_a_folder_is_installed_upgraded_and_uninstalled(plumbline, folder, tmp_path):
    one = plumbline.ok("pack", "install", folder("1.0"), "--json").json
    assert one["packs"] == {"crews": "1.0"}
    assert found(plumbline, "crews")["installed"] == "1.0"

    shown = plumbline.ok("definitions", "show", "crew").json
    shown["properties"]["name"]["title"] = "Called"
    (tmp_path / "crew.json").write_text(json.dumps(shown))
    plumbline.ok("definitions", "publish", tmp_path / "crew.json", "--comment", "Ours")

    newer = folder("1.1", name={"type": "string", "title": "Full name"}, size={"type": "integer", "title": "Size"})
    tried = plumbline.ok("pack", "upgrade", newer, "--dry-run")
    assert "Nothing was changed" in tried.out
    assert "size" not in plumbline.ok("definitions", "show", "crew").json["properties"]
    done = plumbline.ok("pack", "upgrade", newer)
    assert "clash     crew/properties/name/title: here Called, pack Full name; what is here stays" in done.out
    properties = plumbline.ok("definitions", "show", "crew").json["properties"]
    assert (properties["name"]["title"], properties["size"]["title"]) == ("Called", "Size")

    refused = plumbline("pack", "uninstall", "crews")
    assert (refused.code, "--confirm crews" in refused.err) == (1, True)
    assert plumbline.ok("pack", "uninstall", "crews", "--confirm", "crews", "--json").json["hidden"] == ["crew"]
    assert plumbline("definitions", "show", "crew").code == 1


def test_the_list_tells_of_a_newer_version(plumbline, database_kind):
    plumbline.ok("pack", "install", "garments", "--adopt")
    with create_engine(
        plumbline.settings["PLUMBLINE_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
    ).begin() as c:
        c.execute(text("UPDATE plumbline_pack SET version = '0.9' WHERE name = 'garments'"))
    assert found(plumbline, "garments")["newer"] == "1.0.0"
    assert "0.9      installed, 1.0.0 available" in plumbline.ok("pack", "list").out
    plumbline.ok("pack", "upgrade", "garments")
    assert found(plumbline, "garments")["newer"] is None


def test_what_others_depend_on_stays(plumbline):
    plumbline.ok("pack", "install", "goals", "--adopt")
    refused = plumbline("pack", "uninstall", "organisation", "--confirm", "organisation", "--json")
    assert refused.code == 1
    told = [p["message"] for p in refused.json["problems"]]
    assert "The pack goals requires it." in told
    assert any("objective_department" in words for words in told)


@pytest.mark.parametrize(
    "arguments", [("install", "nowhere"), ("upgrade", "nowhere"), ("uninstall", "nowhere"), ("upgrade", "garments")]
)
def test_a_name_that_means_nothing_is_answered_in_one_sentence(plumbline, arguments):
    ended = plumbline("pack", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
