"""A menu that stays short however many definitions there are, and the page where the rest is found."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from metadata.access import Actor
from metadata.catalog import Catalog
from portal import menu
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import bring_to, statements

MANY = 60
MARKUP = re.compile(r'data-tour="menu-([^"]+)"( aria-current="page")?')


@pytest.fixture
def many(portal):
    with portal.app_context():
        catalog = bring_to(db.engine, MANY)
        db.session.remove()
    return catalog


def entries(html: str) -> dict[str, bool]:
    """What the menu shows: key → whether it is the current page."""
    return {key: bool(current) for key, current in MARKUP.findall(html)}


class TestGroups:
    def test_with_what_ships_nothing_is_left_out(self, portal):
        html = logged_in(portal, "hana").get("/records/department/list/").text
        assert not [key for key in entries(html) if key.startswith("all-")]

    def test_a_long_group_ends_with_the_way_to_all_of_it(self, portal, many):
        html = logged_in(portal, "hana").get("/records/department/list/").text
        group = many["figure_0"].definition.group
        assert len([key for key in entries(html) if key in many and many[key].definition.group == group]) == menu.MOST
        assert f"all-{group}" in entries(html)
        assert f'href="/lists/?group={group}"' in html

    def test_the_page_that_is_open_is_always_in_the_menu(self, portal, many):
        last = max(n for n in many if n.startswith("figure_"))
        html = logged_in(portal, "hana").get(f"/records/{last}/list/").text
        assert entries(html)[last] is True
        assert sum(entries(html).values()) == 1

    def test_a_page_within_another_room_is_one_entry(self, portal):
        html = logged_in(portal, "hana").get("/roles/matrix/").text
        assert [key for key, current in entries(html).items() if current] == ["matrix"]

    def test_costs_no_statement_more(self, portal, many):
        client = logged_in(portal, "hana")
        client.get("/lists/")
        with statements(portal) as sent:
            assert client.get("/lists/").status_code == 200
        assert len(sent) <= 2, sent


class TestLists:
    def test_who_looks_as_another_finds_what_both_may_list(self, portal):
        with portal.app_context():
            catalog = portal.extensions["plumbline_catalogs"].current(db.session())
            db.session.remove()
        hana, emma = Actor("hana", frozenset({"HR admin"})), Actor("emma", frozenset({"Employee"}))
        all_of, hers, both, again = (names(a, catalog) for a in (hana, emma, replace(hana, within=emma), hana))
        assert both == all_of & hers
        assert both < all_of
        assert again == all_of


def names(actor: Actor, catalog: Catalog) -> set[str]:
    """What the menu offers to this actor."""
    return {name for listed in menu.lists(actor, catalog, "en").values() for name, _title in listed}


class TestDirectory:
    def test_finds_by_every_word_in_name_or_title(self, portal, many):
        html = logged_in(portal, "hana").get("/lists/?search=FIGURE+3").text
        assert "/records/figure_3/list/" in html
        assert "/records/figure_4/list/" not in html.split('id="content"')[1]

    def test_narrows_to_a_group(self, portal, many):
        main = logged_in(portal, "hana").get("/lists/?group=organisation").text.split('id="content"')[1]
        assert "/records/department/list/" in main
        assert "/records/figure_3/list/" not in main

    @pytest.mark.parametrize("account", ["hana", "derek", "tariq", "emma", "audrey"])
    def test_shows_what_the_reader_may_list_and_nothing_else(self, portal, account):
        client = logged_in(portal, account)
        main = client.get("/lists/").text.split('id="content"')[1]
        found = set(re.findall(r"/records/([a-z_0-9]+)/list/", main))
        with portal.app_context():
            catalog = portal.extensions["plumbline_catalogs"].current(db.session())
            stored = {n for n in catalog if catalog[n].definition.stores_records} - menu.WITH_ROOM
            db.session.remove()
        opens = {n for n in stored if client.get(f"/records/{n}/list/").status_code == 200}
        assert found == opens

    def test_says_when_it_shows_only_a_part(self, portal, many, monkeypatch):
        monkeypatch.setattr("portal.views.directory.MOST", 5)
        html = logged_in(portal, "hana").get("/lists/").text
        assert "The first 5 of" in html
        assert "显示前 5 个" in logged_in(portal, "liwei").get("/lists/", headers={"Accept-Language": "zh"}).text

    def test_nobody_is_asked_to_log_in(self, portal):
        answer = portal.test_client().get("/lists/")
        assert (answer.status_code, answer.location.split("?")[0]) == (302, "/login/")

    def test_words_are_text_and_never_markup(self, portal):
        html = logged_in(portal, "hana").get("/lists/?search=<script>alert(1)</script>").text
        assert "<script>alert" not in html
