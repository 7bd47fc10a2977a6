"""Forms as people use them: what is wrong lands on its field, what was typed comes back."""

from __future__ import annotations

import re

from tests.portal.demo_site import logged_in

ADD = "/records/department/add"


def typed(text: str, field: str) -> str:
    tag = re.search(rf'<input[^>]*name="{field}"[^>]*>', text)
    found = re.search(r'value="([^"]*)"', tag[0]) if tag else None
    return found[1] if found else ""


def test_a_wrong_value_returns_to_its_field_with_what_was_typed(portal):
    hana = logged_in(portal, "hana")
    form = {"day": "31.12.2026", "department": "1", "planned": "many", "produced": "3"}
    answer = hana.post("/records/production_output/add", data=form)
    assert answer.status_code == 422
    assert typed(answer.text, "day") == "31.12.2026"
    assert typed(answer.text, "planned") == "many"
    assert 'id="error-field-day"' in answer.text
    assert 'id="error-field-produced"' not in answer.text


def test_a_duplicate_says_which_record_it_collides_with(portal):
    hana = logged_in(portal, "hana")
    values = {"code": "NEW", "name": "Newton", "name_zh": "新"}
    assert hana.post(ADD, data=values).status_code == 302
    answer = hana.post(ADD, data={**values, "name": "Other"})
    assert answer.status_code == 422
    assert "“Newton”" in answer.text


def test_a_stale_edit_shows_both_versions_and_loses_neither(portal):
    hana = logged_in(portal, "hana")
    place = hana.post(ADD, data={"code": "NEW", "name": "First", "name_zh": "新"}).headers["Location"]
    edit = place.replace("/show/", "/edit/")
    values = {"code": "NEW", "name_zh": "新", "_version": "1"}
    assert hana.post(edit, data={**values, "name": "Theirs"}).status_code == 302
    answer = hana.post(edit, data={**values, "name": "Mine"})
    assert answer.status_code == 412
    assert typed(answer.text, "name") == "Mine"
    assert "Stored now: Theirs" in answer.text
    version = re.search(r'name="_version" value="(\d+)"', answer.text)[1]
    assert hana.post(edit, data={**values, "name": "Mine", "_version": version}).status_code == 302


def test_the_recycle_bin_gives_a_record_back(portal):
    hana = logged_in(portal, "hana")
    place = hana.post(ADD, data={"code": "NEW", "name": "Newton", "name_zh": "新"}).headers["Location"]
    hana.post(place.replace("/show/", "/delete/"))
    assert "Newton" not in hana.get("/records/department/list/?search=Newton&page_size=100").text.split("<tbody>")[1]
    assert "Newton" in hana.get("/records/department/list/?removed=1").text
    hana.post(place.replace("/show/", "/restore/"))
    assert hana.get(place).status_code == 200


def test_a_list_that_cannot_be_asked_says_why_and_shows_the_list(portal):
    answer = logged_in(portal, "hana").get("/records/employee/list/?hired_on__gte=soon")
    assert answer.status_code == 422
    assert "A date such as" in answer.text
    assert "<tbody>" in answer.text


def test_pages_are_chinese_for_those_who_choose_it(portal):
    hana = logged_in(portal, "hana")
    hana.post("/language/zh", data={"next": "/"})
    text = hana.get("/records/employee/list/").text
    assert "员工" in text
    assert "回收站" in text
    assert 'lang="zh-CN"' in text


def test_a_cell_that_a_spreadsheet_would_run_is_held_back(portal):
    hana = logged_in(portal, "hana")
    hana.post(ADD, data={"code": "EVIL", "name": "=1+1", "name_zh": "新"})
    assert "'=1+1" in hana.get("/records/department/export.csv?code=EVIL").text


def cells(text):
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", body, re.DOTALL)]


def test_a_list_is_narrowed_by_references_choices_and_spans_that_stand_in_the_address(portal):
    hana = logged_in(portal, "hana")
    departments = hana.get("/api/v1/department/?code=PRD-A").get_json()["ids"]
    path = f"/records/employee/list/?department={departments[0]}&status=active&hired_on__gte=2020-01-01&page_size=10"
    text = hana.get(path).text
    assert f'<option value="{departments[0]}" selected>Assembly shop</option>' in text
    assert '<option value="active" selected>' in text
    assert 'value="2020-01-01"' in text
    found = hana.get(path.replace("/records/", "/api/v1/").replace("list/", "")).get_json()
    assert f"{found['count']} records" in text
    assert set(cells(text)[3::7]) == {"Assembly shop"}
    assert "Clear" in text
    empty = hana.get("/records/employee/list/?search=nobody-at-all").text
    assert "No record answers this question." in empty
    wrong = hana.get("/records/employee/list/?hired_on__gte=yesterday")
    assert wrong.status_code == 422
    assert re.search(r'name="hired_on__gte" type="text"[^>]*value="yesterday"', wrong.text)


def test_a_filter_offers_only_what_the_reader_may_see(portal):
    derek = logged_in(portal, "derek").get("/records/employee/list/").text
    assert 'name="department"' in derek
    for hidden in ("salary__gte", "birth_date__gte", 'name="gender"'):
        assert hidden not in derek
        assert hidden in logged_in(portal, "hana").get("/records/employee/list/").text


def test_history_says_names_and_choices_instead_of_what_is_stored(portal):
    hana = logged_in(portal, "hana")
    other = hana.get("/api/v1/department/?code=PRD-A").get_json()["ids"][0]
    place = hana.post(ADD, data={"code": "NEW", "name": "Newton", "name_zh": "新"}).headers["Location"]
    edit = {"code": "NEW", "name": "Newton", "name_zh": "新", "parent": str(other), "_version": "1"}
    assert hana.post(place.replace("/show/", "/edit/"), data=edit).status_code == 302
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", hana.get(place).text))
    assert "– → Assembly shop" in text
    assert f'href="/records/department/show/{other}"' in hana.get(place).text
