"""Guides by role: each opens in both languages, one's own is first, and they speak of controls that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from portal import guides
from tests.portal.demo_site import logged_in

ROOT = Path(guides.__file__).resolve().parent.parent.parent
LANGUAGES = ("en", "zh")
OWN = {"hana": "hr_admin", "derek": "head", "tariq": "trainer", "emma": "employee", "audrey": "auditor"}


def speaking(portal, account, language):
    client = logged_in(portal, account)
    with client.session_transaction() as session:
        session["locale"] = language
    return client


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_guide_opens_with_its_tasks_for_everybody(portal, language):
    emma = speaking(portal, "emma", language)
    for name in guides.NAMES:
        found = guides.guide(name, language)
        answer = emma.get(f"/help/{name}/")
        assert answer.status_code == 200
        assert "**" not in answer.text
        assert f'<h1 class="page-title mb-3">{found.title}</h1>' in answer.text
        for anchor, heading in found.tasks:
            assert f'<h2 id="{anchor}">{heading}</h2>' in answer.text
            assert f'href="#{anchor}"' in answer.text


@pytest.mark.parametrize("account", OWN)
def test_ones_own_is_first_and_in_the_help_menu(portal, account):
    client = logged_in(portal, account)
    listed = re.findall(r'href="/help/(\w+)/"', client.get("/help/").text.split("<main")[1])
    assert listed[0] == OWN[account]
    assert sorted(listed) == sorted(guides.NAMES)
    assert f"/help/{OWN[account]}/" in client.get("/help/menu").text


def test_an_unknown_guide_is_not_there_and_strangers_log_in_first(portal):
    assert logged_in(portal, "emma").get("/help/nothing/").status_code == 404
    assert logged_in(portal, "emma").get("/help/..%2Fen%2Fhead/").status_code == 404
    assert "/login/" in portal.test_client().get("/help/head/").headers["Location"]


@pytest.mark.parametrize("name", guides.NAMES)
def test_both_languages_have_the_same_tasks_and_steps(name):
    texts = [
        (ROOT / "portal" / "guides" / language / f"{name}.md").read_text(encoding="utf-8") for language in LANGUAGES
    ]
    shapes = [re.findall(r"^(#+|\d+\.) ", text, re.MULTILINE) for text in texts]
    assert shapes[0] == shapes[1]
    controls = [len(re.findall(r"\*\*", text)) for text in texts]
    assert abs(controls[0] - controls[1]) <= 4


def words(language: str) -> set[str]:
    """What the portal's pages and the packs' definitions say in a language."""
    with (ROOT / "portal/translations/zh/LC_MESSAGES/messages.po").open("rb") as file:
        messages = [m for m in read_po(file) if isinstance(m.id, str)]
    found = {m.id if language == "en" else m.string for m in messages}
    for path in (ROOT / "metadata" / "packs").glob("*/*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        spoken = document if language == "en" else document.get("x-i18n", {}).get("zh", {})
        found |= {spoken.get("title", ""), spoken.get("x-plural", "")}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", guides.NAMES)
def test_every_control_that_a_guide_names_is_called_so(name, language):
    text = (ROOT / "portal" / "guides" / language / f"{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\*\*(.+?)\*\*", text))
    assert named
    assert sorted(named - words(language)) == []


def test_html_in_a_guide_is_text(tmp_path, monkeypatch):
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "head.md").write_text("# T\n\n<script>alert(1)</script>\n")
    monkeypatch.setattr(guides, "HERE", tmp_path)
    assert "<script>" not in guides.guide.__wrapped__("head", "en").html
