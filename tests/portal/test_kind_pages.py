"""Pages of what a kind adds: the designer's generated form, statuses on dashboards, grades of objectives."""

from __future__ import annotations

import re

import pytest

from metadata import drafts
from portal.extensions import db
from tests.portal.demo_site import logged_in
from tests.portal.test_history import speaks

HERE = "/designer/sales_revenue/kind"


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


def draft(app, name):
    with app.app_context():
        found = drafts.load(db.session(), name)
        db.session.remove()
    return found


def filled(client, path, **changed):
    """The form as it stands on the page, with some inputs filled anew."""
    page = client.get(path).text
    form = page[page.index('novalidate class="card card-body"') :]
    data = {
        m[2]: m[1] for m in re.finditer(r'<input class="form-control"[^>]*?value="([^"]*)"[^>]*? name="([^"]+)"', form)
    }
    for name, options in re.findall(
        r'<select class="form-select"[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        data[name] = chosen[1] if chosen else ""
    data |= dict(re.findall(r'<input type="hidden" name="(revision|side)" value="([^"]*)"', form))
    return client.post(path, data={**data, **changed})


class TestTheForm:
    def test_shows_what_is_there_and_keeps_what_is_changed(self, portal, hana):
        answer = filled(hana, HERE, **{"thresholds.amber": "0.7", "curve.0": "8", "curve.11": "10"})
        assert answer.status_code == 303
        kept = draft(portal, "sales_revenue").document["x-measure"]
        assert kept["thresholds"] == {"amber": 0.7, "green": 0.85}
        assert (kept["curve"][0], kept["curve"][11], kept["plan"]) == (8, 10, "sum(planned)")

    def test_tells_what_is_wrong_at_its_input_and_keeps_what_was_typed(self, portal, hana):
        answer = filled(hana, HERE, **{"thresholds.amber": "soon", "curve.0": "9"})
        assert answer.status_code == 422
        assert 'id="error-thresholds.amber">A number is expected here.' in answer.text
        assert 'value="soon"' in answer.text
        assert draft(portal, "sales_revenue") is None
        answer = filled(hana, HERE, **{"curve.0": "9"})
        assert 'id="error-curve">The twelve months of a season add up to 102' in answer.text

    def test_offers_levels_of_objectives_and_reads_in_chinese(self, hana):
        page = hana.get("/designer/objective_individual/kind").text
        assert re.search(r'<option value="objective_department" selected>', page)
        speaks(hana, "zh")
        assert "得分字段" in hana.get("/designer/objective_individual/kind").text

    def test_is_only_there_for_kinds_that_add_something_and_for_designers(self, portal, hana):
        assert hana.get("/designer/department/kind").status_code == 404
        assert logged_in(portal, "emma").get(HERE).status_code == 404


class TestStatus:
    def test_a_dashboard_says_how_a_kpi_stands_and_what_the_season_expects(self, hana):
        page = hana.get("/dashboards/sales_revenue").text
        assert "Expected by season" in page
        assert re.search(r'state-(good|warn|bad)">(On track|At risk|Behind)<', page)
        assert "Expected by season" not in hana.get("/dashboards/production_output").text


class TestGrades:
    def test_a_score_is_read_by_the_convention_of_its_level(self, portal, hana):
        given = {
            "title": "Fewer complaints",
            "period_start": "2026-01-01",
            "period_end": "2026-12-31",
            "owner": 1,
            "commitment": "committed",
            "status": "done",
            "score": 0.7,
        }
        made = hana.post("/api/v1/objective_individual/", json=given)
        assert made.status_code == 201, made.text
        page = hana.get(f"/records/objective_individual/show/{made.json['id']}").text
        assert 'state-good">Delivered<' in page
        assert "Committed objectives are expected to reach 1.0." in page
        assert 'state-good">Delivered<' in hana.get("/records/objective_individual/list/?search=complaints").text
