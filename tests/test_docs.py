"""The project's documentation says what the code does: settings, commands, targets, links, examples, decisions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from metadata import dialect
from metadata.catalog import EMPTY
from metadata.dialect.shape import KINDS
from portal import config
from tests.portal.test_cli_walk import NAMES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
DEPARTMENT = {
    "$id": "department",
    "title": "Department",
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 100}},
}


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_every_setting_is_described_with_its_default_and_no_other():
    rows = re.findall(r"^\| `PLUMBLINE_(\w+)` \| (.*?) ?\| (.*?) \| (.*?) \|$", text("settings.md"), re.MULTILINE)
    assert rows == [(s.name, s.default, s.expected, s.meaning) for s in config.SETTINGS]


def test_every_command_is_described_and_no_other():
    assert set(re.findall(r"^\| `plumbline ([a-z ]+)` \|", text("interface.md"), re.MULTILINE)) == NAMES


def test_every_make_target_is_described_and_no_other():
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    assert set(re.findall(r"^\| `make (\w+)` \|", text("interface.md"), re.MULTILINE)) == set(targets[1].split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_whole_definition_in_the_text_is_accepted():
    blocks = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text("definitions.md"), re.DOTALL)]
    whole = [block for block in blocks if "$id" in block]
    assert whole
    for document in whole:
        assert [p.text for p in dialect.check([DEPARTMENT, document], EMPTY)] == []


def test_every_word_of_a_definition_is_described():
    words = {*dialect_words("definition"), *(w for kind in KINDS for w in dialect_words(kind))}
    described = text("definitions.md")
    assert [word for word in sorted(words) if f"`{word}`" not in described] == []


def test_every_word_of_a_field_is_described():
    kinds = ("reference", "choice", "formatted", "line", "number", "switch", "person", "attachment", "formula", "group")
    kinds += ("references", "choices", "rows")
    words = {word for kind in kinds for word in dialect_words(kind)}
    described = text("definitions.md")
    assert [word for word in sorted(words) if word not in described] == []


def dialect_words(name: str) -> list[str]:
    schema = json.loads((ROOT / "metadata" / "dialect.json").read_text(encoding="utf-8"))
    return list(schema["$defs"][name]["properties"])


def test_every_decision_is_listed_under_its_title():
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    for note in sorted(DOCS.glob("decisions/0*.md")):
        title = re.sub(r"^#\s*(\d+[.:]\s*)?", "", note.read_text(encoding="utf-8").splitlines()[0])
        assert f"| [{note.name[:4]}]({note.name}) | {title} |" in index
