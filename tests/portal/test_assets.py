"""The portal's own files: kept by browsers for good, asked for anew when they change, and served without asking the database."""

from __future__ import annotations

import os
import re

import pytest

from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements

STYLES = re.compile(r'href="(/static/css/portal\.css\?v=\w+)"')


@pytest.fixture
def address(portal):
    """Of a style sheet, as a page names it."""
    return STYLES.search(portal.test_client().get("/login/").text)[1]


def test_a_file_under_its_fingerprint_is_kept_for_a_year_by_everybody(portal, address):
    answer = portal.test_client().get(address)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000"
    assert "Vary" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("asked", ["/static/css/portal.css", "/static/css/portal.css?v=other"])
def test_without_it_a_browser_asks_each_time_and_fetches_only_what_changed(portal, address, asked):
    client = portal.test_client()
    answer = client.get(asked)
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(asked, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_every_file_that_a_page_names_carries_one(portal):
    page = logged_in(portal, "hana").get("/").text
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(named) > 5
    assert all(re.search(r"\?v=[0-9a-f]{12}$", address) for address in named)


def test_a_changed_file_has_another_address(portal, tmp_path):
    portal.static_folder = str(tmp_path)
    file = tmp_path / "a.css"
    file.write_text("p {}")
    with portal.test_request_context():
        before = portal.url_for("static", filename="a.css")
        file.write_text("q {}")
        os.utime(file, (1, 1))
        assert portal.url_for("static", filename="a.css") != before
        assert portal.url_for("static", filename="none.css") == "/static/none.css"


def test_costs_no_statement_and_an_unknown_one_is_the_page_that_says_so(portal, address):
    client = logged_in(portal, "hana")
    client.get(address)
    with statements(portal) as sent:
        assert client.get(address).status_code == 200
    assert sent == []
    assert client.get("/static/css/none.css").status_code == 404
    assert client.get("/static/../README.md").status_code == 404


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/hostname", "css/../../secret.txt", "."])
def test_nothing_outside_is_read_whatever_fingerprint_is_asked_for(portal, tmp_path, name):
    folder = tmp_path / "files"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    portal.static_folder = str(folder)
    assert portal.fingerprint(name) == ""
    assert portal.test_client().get(f"/static/{name.replace('/', '%2f')}?v=1").status_code in {404, 308}
