"""The dashboard of composite scores on its page and by REST: five sides, what is hidden, the same numbers twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event, update

from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.cycle_site import prepare_launched, production, review_of, rows
from tests.portal.demo_site import logged_in, site

PAGE, API = "/scores/", "/api/v1/scores/"


@pytest.fixture
def launched(databases, tmp_path) -> Iterator[Flask]:
    with databases.copy("sqlite", "demo site, cycle launched", prepare_launched) as url:
        app = site(url, tmp_path)
        app.config["WTF_CSRF_ENABLED"] = False
        bind_workflows(app)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def change(app: Flask, definition: str, values: dict, **equal: object) -> None:
    """Straight into the table."""
    with app.app_context():
        table = app.extensions["plumbline_catalogs"].current(db.session())[definition].table
        db.session.execute(update(table).where(*(table.c[k] == v for k, v in equal.items())).values(values))
        db.session.commit()
        db.session.remove()


def told(client, **asked) -> dict:
    answer = client.get(API, query_string=asked)
    assert answer.status_code == 200, answer.text
    return answer.json["result"]


def test_who_may_look(launched):
    for account in ("hana", "derek", "sofia", "audrey", "emma", "liwei", "tariq"):
        client = logged_in(launched, account)
        expected = 404 if account in ("emma", "liwei", "tariq") else 200
        assert [client.get(path).status_code for path in (PAGE, API)] == [expected] * 2, account
        wrong = [f"{path}?{asked}" for path in (PAGE, API) for asked in ("period=1999", "department=99999")]
        assert [client.get(path).status_code for path in wrong] == [404] * 4, account
        link = 'data-tour="composite-scores"' in client.get("/dashboards/").text
        assert link == (expected == 200), account
    nobody = launched.test_client()
    assert [nobody.get(path).status_code for path in (PAGE, API)] == [302, 401]


def test_a_head_of_another_department_finds_no_number_of_it(launched):
    sofia = logged_in(launched, "sofia")
    assert told(sofia) | {"department": None} == {**told(sofia), "whole": None, "departments": [], "people": []}
    (home,) = rows(launched, "department", code="PRD")
    for path in (PAGE, API):
        answer = sofia.get(f"{path}?department={home['id']}")
        assert answer.status_code == 404 or not re.search(r"table-people|\"people\":\[\{", answer.text)


def test_page_and_rest_tell_the_same_and_lead_to_the_ledger(launched):
    hana = logged_in(launched, "hana")
    page, found = hana.get(PAGE).text, told(hana)
    scored = [row for row in rows(launched, "review", cycle=production(launched)) if row["computed_score"] is not None]
    assert found["whole"]["people"] == len([row for row in scored if row["step"] != "not_rated"])
    table = page.split('id="table-ratings"', 1)[1].split("</table>", 1)[0]
    seen = [int(number) for number in re.findall(r"<td>(\d+)</td>", table)]
    assert seen == [found["whole"]["ratings"].get(one["rating"], 0) for one in found["ratings"][::-1]]
    assert sum(one["people"] for one in found["whole"]["steps"]) == found["whole"]["people"]
    steps = page.split('id="table-steps"', 1)[1].split("</table>", 1)[0]
    assert [int(n) for n in re.findall(r"<td>(\d+)</td>", steps)] == [
        one["people"] for one in found["whole"]["steps"] if one["people"]
    ]
    links = re.findall(r'href="(/cycles/reviews/\d+/ledger)"', page)
    assert [int(link.split("/")[3]) for link in links] == [one["review"] for one in found["people"]]
    assert hana.get(links[0]).status_code == 200
    lights = page.split('id="table-lines"', 1)[1].split("</table>", 1)[0]
    assert re.findall(r"badge state-\w+\">(\w+)</span> (\d+)", lights) == [
        (word, str(count)) for line in found["lines"] for word, count in line["lights"].items()
    ]


def test_ones_own_result_counts_only_once_it_is_shared(launched):
    own, derek = review_of(launched, "derek"), logged_in(launched, "derek")
    assert own["computed_score"] is not None
    before = told(derek)["whole"]["people"]
    assert before == told(logged_in(launched, "hana"))["whole"]["people"] - 1
    assert own["id"] not in {one["review"] for one in told(derek)["people"]}
    change(launched, "cycle", {"shared_at": own["computed_at"]}, id=production(launched))
    assert told(derek)["whole"]["people"] == before + 1


def test_a_small_department_has_no_numbers_and_leads_nowhere(launched):
    hana = logged_in(launched, "hana")
    parts = [one for one in told(hana)["departments"] if one["group"] and not one["own"]]
    home = max(parts, key=lambda one: one["group"]["people"])["department"]
    below = told(hana, department=home)
    shops = [one["department"] for one in below["departments"] if one["group"] and not one["own"]]
    small = shops[0]
    mine = [row for row in rows(launched, "review", department=small) if row["computed_score"] is not None]
    for row in mine[4:]:
        change(launched, "review", {"computed_score": None, "final_score": None}, id=row["id"])
    closed = [one for one in told(hana, department=home)["departments"] if one["group"] is None]
    assert small in {one["department"] for one in closed}
    assert len(closed) > 1, "the next smallest goes, too: the whole less all others would tell"
    for unit in [one["department"] for one in closed if not one["own"]]:
        assert (told(hana, department=unit)["whole"], told(hana, department=unit)["people"]) == (None, [])
        page = hana.get(f"{PAGE}?department={unit}").text
        assert 'data-tour="scores-hidden"' in page
        assert "table-people" not in page


def test_it_reads_in_chinese_and_costs_few_statements(launched):
    hana = logged_in(launched, "hana")
    (home,) = rows(launched, "department", code="PRD")
    page = hana.get(f"{PAGE}?department={home['id']}", headers={"Accept-Language": "zh"}).text
    for words in ("综合得分", "得分分布", "按部门", "绿灯", "逐人查看", "优秀"):
        assert words in page
    with launched.app_context():
        engine, said = db.engine, []
    event.listen(engine, "before_cursor_execute", lambda *heard: said.append(heard[2]))
    hana.get(PAGE)
    assert len([one for one in said if not one.startswith("BEGIN")]) <= 11
