"""Lists, the designer and the start page cost the same few SQL statements, however much there is."""

from __future__ import annotations

import pytest

from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import FEW, bring_to, statements
from workflows.demo import DEMO_LOGINS

pytestmark = pytest.mark.both_databases

MOST, MOST_AT_START = 6, 19


@pytest.fixture
def small_portal(portal):
    with portal.app_context():
        assert len(bring_to(db.engine, len(FEW)).entities) == len(FEW)
    return portal


@pytest.mark.parametrize("account", ["hana", "derek"])
def test_a_list_page_costs_at_most_six_statements_among_few_definitions(small_portal, account):
    lists_cost_six(small_portal, account)


@pytest.mark.parametrize("account", ["hana", "derek"])
def test_a_list_page_costs_at_most_six_statements_among_many_definitions(large_portal, account):
    lists_cost_six(large_portal, account)


def lists_cost_six(portal, account):
    client = logged_in(portal, account)
    client.get("/records/production_output/list/")  # this process takes the new catalog here
    for address in ("/records/production_output/list/", "/records/production_output/list/?order=-day&page=2&search=a"):
        with statements(portal) as sent:
            assert client.get(address).status_code == 200
        assert len(sent) <= MOST, "\n".join(sent)


def test_the_rest_list_costs_no_more(large_portal):
    client = logged_in(large_portal, "hana")
    client.get("/api/v1/production_output/")
    with statements(large_portal) as sent:
        assert client.get("/api/v1/production_output/?page_size=25").status_code == 200
    assert len(sent) <= MOST, "\n".join(sent)


def test_the_designers_pages_cost_no_more(large_portal):
    client = logged_in(large_portal, "hana")
    client.get("/designer/")
    for address in ("/designer/", "/designer/production_output", "/designer/production_output/field/line"):
        with statements(large_portal) as sent:
            assert client.get(address).status_code == 200
        assert len(sent) <= MOST, "\n".join(sent)


@pytest.mark.parametrize("account", [login.username for login in DEMO_LOGINS])
def test_the_start_page_asks_once_for_each_of_its_cards(large_portal, account):
    client = logged_in(large_portal, account)
    client.get("/")
    with statements(large_portal) as sent:
        assert client.get("/").status_code == 200
    assert len(sent) <= MOST_AT_START, "\n".join(sent)
