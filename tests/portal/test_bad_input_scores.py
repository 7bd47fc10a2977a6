"""Bad input around scores, at every door where a person meets it: the field, what is wrong, what was typed, nothing kept.

Weights of 99.99, a target equal to its baseline, goals in a circle, a KPI that goes while others use it, and two
editors of one scorecard; each on its page and by REST, in both languages.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pytest

from tests.portal.cycle_site import rows
from tests.portal.demo_site import logged_in
from tests.portal.test_scorecard_pages import form_of

NO_WAY = {
    "en": "The target equals its baseline, so there is no way to go.",
    "zh": "目标等于基准值，无法计算达成率。",
}
SUM = {"en": "The weights add up to 99.99, not to 100.", "zh": "权重合计为 99.99，而不是 100。"}
GOALS = "objective_department"
API = f"/api/v1/{GOALS}"
TONGUES = ("en", "zh")


@pytest.fixture
def hana(portal):
    return logged_in(portal, "hana")


@pytest.fixture
def card(portal):
    (found,) = rows(portal, "scorecard", name="Sales")
    return found["id"]


@pytest.fixture
def place(card):
    return f"/scorecards/{card}/"


@pytest.fixture
def base(card):
    return f"/api/v1/scorecards/{card}"


def spoken(tongue):
    return {"headers": {"Accept-Language": tongue}}


def shown(client, base):
    found = client.get(base).json["result"]
    return found["content"], found["based_on"]


def pointers(answer):
    return {p["pointer"]: p["message"] for p in answer.json["problems"]}


class TestWeightsOf9999:
    @pytest.mark.parametrize("tongue", TONGUES)
    def test_on_the_page_say_their_sum_and_come_back(self, portal, hana, place, tongue):
        before = rows(portal, "scorecard_line")
        form = form_of(hana.get(place).text) | {"line-0-weight": "64.99"}
        answer = hana.post(place, data=form | {"do": "publish", "comment": "x"}, **spoken(tongue))
        assert answer.status_code == 422
        assert SUM[tongue] in answer.text
        assert form_of(answer.text)["line-0-weight"] == "64.99"
        assert rows(portal, "scorecard_line") == before

    @pytest.mark.parametrize("tongue", TONGUES)
    def test_by_rest_name_the_lines(self, portal, hana, base, tongue):
        before, (content, based_on) = rows(portal, "scorecard_line"), shown(hana, base)
        content["lines"][0]["weight"] = "64.99"
        body = {"content": content, "based_on": based_on}
        answer = hana.post(f"{base}/publish", json=body, **spoken(tongue))
        assert (answer.status_code, pointers(answer)) == (422, {"/lines": SUM[tongue]})
        assert rows(portal, "scorecard_line") == before
        assert len(hana.get(base).json["result"]["versions"]) == 0

    def test_may_stand_in_a_draft(self, portal, hana, place, base):
        before = rows(portal, "scorecard_line")
        form = form_of(hana.get(place).text) | {"line-0-weight": "64.99", "do": "save"}
        assert hana.post(place, data=form).status_code == 303
        assert form_of(hana.get(place).text)["line-0-weight"] == "64.99"
        draft = hana.get(f"{base}/draft")
        content = draft.json["result"]["content"]
        content["lines"][1]["weight"] = "1"
        kept = hana.put(f"{base}/draft", json=content, headers={"If-Match": draft.headers["ETag"]})
        assert kept.status_code == 200
        assert rows(portal, "scorecard_line") == before


class TestATargetEqualToItsBaseline:
    @pytest.mark.parametrize("tongue", TONGUES)
    def test_of_a_scorecards_line_is_said_at_its_field(self, hana, place, base, tongue):
        form = form_of(hana.get(place).text) | {"line-0-target": "0", "do": "publish"}
        answer = hana.post(place, data=form, **spoken(tongue))
        assert answer.status_code == 422
        assert re.search(rf'id="error-line-0-target">{NO_WAY[tongue]}', answer.text)
        assert form_of(answer.text)["line-0-target"] == "0"
        content, based_on = shown(hana, base)
        content["lines"][0]["target"] = 0
        told = hana.post(f"{base}/publish", json={"content": content, "based_on": based_on}, **spoken(tongue))
        assert pointers(told) == {"/lines/0/target": NO_WAY[tongue]}

    @pytest.mark.parametrize("tongue", TONGUES)
    def test_in_what_if_is_said_and_not_counted_as_no_data(self, hana, card, base, tongue):
        form = form_of(hana.get(f"/what-if/{card}/").text) | {"line-0-target": "0"}
        answer = hana.post(f"/what-if/{card}/answer", data=form, **spoken(tongue))
        assert (answer.status_code, NO_WAY[tongue] in answer.text) == (422, True)
        page = hana.post(f"/what-if/{card}/", data=form | {"do": "publish"}, **spoken(tongue))
        assert (page.status_code, form_of(page.text)["line-0-target"]) == (422, "0")
        content = shown(hana, base)[0]
        content["lines"][0]["target"] = 0
        told = hana.post(f"{base}/what_if", json={"content": content}, **spoken(tongue))
        assert (told.status_code, pointers(told)) == (422, {"/lines/0/target": NO_WAY[tongue]})

    def test_that_came_in_through_the_lines_record_stops_the_next_cycle(self, portal, hana, card):
        (line,) = rows(portal, "scorecard_line", scorecard=card, kpi="sales_revenue")
        assert hana.patch(f"/api/v1/scorecard_line/{line['id']}", json={"target": 0}).status_code == 200
        (home,) = rows(portal, "department", code="SAL")
        plan = {
            "name": "Next", "scorecard": card, "department": home["id"], "period_start": "2026-05-01",
            "period_end": "2026-10-31", "self_due": "2030-12-01", "manager_due": "2030-12-08",
        }  # fmt: skip
        before = rows(portal, "cycle")
        answer = hana.post("/api/v1/cycles/", json=plan)
        assert (answer.status_code, pointers(answer)) == (422, {"/scorecard": NO_WAY["en"]})
        assert rows(portal, "cycle") == before

    def test_of_a_key_result_is_said_at_its_cell(self, portal, hana):
        goal = hana.get(f"{API}/?order=id").json["result"][0]
        for row, field in (({"start": 5, "target": 5}, "target"), ({"target": 0}, "start")):
            answer = hana.patch(f"{API}/{goal['id']}", json={"key_results": [{"title": "Nothing", **row}]})
            assert (answer.status_code, list(pointers(answer))) == (422, [f"/key_results/0/{field}"])
        path = f"/records/{GOALS}/edit/{goal['id']}"
        form = typed_form(hana.get(path).text) | {"key_results-0-start": "12", "key_results-0-target": "12"}
        page = hana.post(path, data=form)
        assert page.status_code == 422
        assert "The target equals the start, so there is no way to go." in page.text
        assert typed_form(page.text)["key_results-0-target"] == "12"
        assert hana.get(f"{API}/{goal['id']}").json["result"]["_version"] == goal["_version"]

    def test_of_a_kpi_with_its_cap_at_its_floor_is_said_in_the_definition(self, hana):
        document = hana.get("/api/v1/definitions/hr_hours").json["result"]
        document["x-measure"] |= {"floor": 1, "cap": 1}
        answer = hana.post("/api/v1/definitions/publish", json={"documents": [document], "comment": "x"})
        assert (answer.status_code, list(pointers(answer))) == (422, ["/x-measure/cap"])


def typed_form(page: str) -> dict[str, str]:
    """The inputs of a record's form, as a browser would send them."""
    part = page.split("<main", 1)[1]
    found = {}
    for tag in re.findall(r"<input[^>]*>", part):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and "__key__" not in name[1] and (' type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', part, re.DOTALL):
        chosen = re.search(r'<option[^>]*value="([^"]*)"[^>]*selected', body)
        if "__key__" not in name:
            found[name] = chosen[1] if chosen else ""
    areas = re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', part, re.DOTALL)
    found |= {name: body for name, body in areas if "__key__" not in name}
    return found


class TestACircleOfGoals:
    CIRCLE = "This goal would contribute to itself: it stands above the goal that it is to contribute to."

    @pytest.fixture
    def chain(self, hana):
        """Four goals, each but the last contributing to the next: the last stands above all."""
        ids = [goal["id"] for goal in hana.get(f"{API}/?order=id").json["result"][:4]]
        for low, high in pairwise(ids):
            assert hana.patch(f"{API}/{low}", json={"also": [{"objective": high}]}).status_code == 200
        return ids

    @pytest.mark.parametrize("below", [0, 1, 3], ids=["itself", "its child", "through three"])
    def test_is_refused_by_rest_one_by_one_and_in_bulk(self, portal, hana, chain, below):
        top, low, before = chain[3], chain[3 - below], rows(portal, GOALS)
        change = {"also": [{"objective": low}]}
        told = hana.patch(f"{API}/{top}", json=change)
        assert (told.status_code, pointers(told)) == (422, {"/also": self.CIRCLE})
        bulk = hana.post(f"{API}/_bulk", json={"rows": [{"id": top, **change}]})
        assert (bulk.status_code, pointers(bulk)) == (422, {"/rows/0/also": self.CIRCLE})
        edit = {"field": "also", "operation": "set", "value": change["also"], "ids": [top]}
        edited = hana.post(f"{API}/_edits", json=edit).json["result"]
        assert edited["records"][0]["problems"] == [{"pointer": "/also", "message": self.CIRCLE}]
        assert rows(portal, GOALS) == before

    def test_is_refused_on_the_page_with_the_choice_still_made(self, hana, chain):
        path = f"/records/{GOALS}/edit/{chain[3]}"
        form = typed_form(hana.get(path).text) | {"also-0-objective": str(chain[0])}
        for tongue, words in (("en", self.CIRCLE), ("zh", "目标")):
            answer = hana.post(path, data=form, **spoken(tongue))
            assert (answer.status_code, words in answer.text) == (422, True)
            assert typed_form(answer.text)["also-0-objective"] == str(chain[0])

    def test_within_one_bulk_request_is_refused_too(self, portal, hana):
        ids = [goal["id"] for goal in hana.get(f"{API}/?order=id").json["result"][:3]]
        before = rows(portal, GOALS)
        ring = zip(ids, [*ids[1:], ids[0]], strict=True)
        answer = hana.post(f"{API}/_bulk", json={"rows": [{"id": a, "also": [{"objective": b}]} for a, b in ring]})
        assert (answer.status_code, list(pointers(answer))) == (422, ["/rows/2/also"])
        assert rows(portal, GOALS) == before

    def test_of_levels_is_refused_when_a_definition_says_so(self, hana):
        document = hana.get("/api/v1/definitions/objective_company").json["result"]
        document["x-okr"] |= {"parent": "objective_individual"}
        answer = hana.post("/api/v1/definitions/publish", json={"documents": [document], "comment": "x"})
        assert (answer.status_code, list(pointers(answer))) == (422, ["/x-okr/parent"])

    def test_from_a_file_is_told_in_its_row_and_nothing_is_kept(self, portal, hana, chain):
        document = hana.get("/api/v1/definitions/objective_department").json["result"]
        document["x-unique"] = [["title"]]  # so that a file can change what is there
        assert (
            hana.post("/api/v1/definitions/publish", json={"documents": [document], "comment": "x"}).status_code == 200
        )
        before = rows(portal, GOALS)
        titles = {row["id"]: row for row in before}
        top = titles[chain[3]]
        days = f"{top['period_start']},{top['period_end']}"
        unit = hana.get(f"/api/v1/department/{top['department']}").json["result"]["name"]
        content = f"title,department,period_start,period_end,also\n{top['title']},{unit},{days},"
        content += f'"[{{""objective"": {chain[0]}}}]"\n'
        file = (io.BytesIO(content.encode()), "goals.csv")
        answer = hana.post("/api/v1/imports/", data={"definition": GOALS, "file": file, "dry_run": "true"}).json
        assert [(line["line"], line["field"], line["reason"]) for line in answer["rejected"]] == [
            (2, "also", self.CIRCLE)
        ]
        assert rows(portal, GOALS) == before


class TestAKpiThatOthersUse:
    @pytest.fixture
    def fed(self, hana):
        goal = hana.get(f"{API}/?order=id").json["result"][2]
        result = {"title": "Pass rate", "start": 80, "target": 95, "fed_by": "kpi", "kpi": "pass_rate"}
        assert hana.patch(f"{API}/{goal['id']}", json={"key_results": [result]}).status_code == 200
        return goal["title"]

    def test_goes_only_after_its_users_were_named_and_its_name_was_typed(self, portal, hana, fed):
        gone = {"documents": [{"$id": "pass_rate", "x-withdrawn": True}]}
        seen = hana.post("/api/v1/definitions/preview", json=gone).json
        users = {one["kind"]: one["names"] for one in seen["relies"]}
        assert users["scorecards"] == ["Production", "Whole company"]
        assert users["goals"] == [fed]
        refused = hana.post("/api/v1/definitions/publish", json={**gone, "comment": "x"})
        assert refused.status_code == 422
        said = " ".join(p["message"] for p in refused.json["problems"])
        for words in ("Confirm it with the name", "2 scorecards weigh it: Production, Whole company.", fed):
            assert words in said
        told = hana.post("/api/v1/definitions/publish", json={**gone, "comment": "x"}, **spoken("zh"))
        assert "个关键结果由它提供数据" in told.text
        assert hana.get("/api/v1/definitions/pass_rate").status_code == 200
        done = hana.post("/api/v1/definitions/publish", json={**gone, "comment": "x", "confirm": ["pass_rate"]})
        assert done.status_code == 200
        assert hana.get("/api/v1/definitions/pass_rate").status_code == 404

    def test_once_gone_its_scorecard_says_so_at_the_line_and_goes_on_without_it(self, portal, hana):
        (card,) = rows(portal, "scorecard", name="Production")
        gone = {"documents": [{"$id": "pass_rate", "x-withdrawn": True}], "comment": "x", "confirm": ["pass_rate"]}
        assert hana.post("/api/v1/definitions/publish", json=gone).status_code == 200
        place = f"/scorecards/{card['id']}/"
        form = form_of(hana.get(place).text)
        answer = hana.post(place, data=form | {"line-0-weight": "1", "do": "publish"})
        assert answer.status_code == 422
        assert "counts “pass_rate”, which is no KPI at present" in answer.text
        at = next(name for name, value in form.items() if value == "pass_rate").split("-")[1]
        form = form_of(hana.post(place, data=form | {"do": f"remove-{at}"}).text)
        form = form_of(hana.post(place, data=form | {"do": "equalise"}).text)
        assert hana.post(place, data=form | {"do": "publish"}).status_code == 303

    def test_on_the_page_that_takes_it_back_its_users_stand_above_the_button(self, portal, hana):
        """A KPI of one's own, weighed by a scorecard, and the way back to before it was there."""
        kpi = {**hana.get("/api/v1/definitions/hr_hours").json["result"], "$id": "waste", "title": "Waste"}
        kpi.pop("x-core", None)
        before = hana.get("/api/v1/definitions/").json["version"]
        assert hana.post("/api/v1/definitions/publish", json={"documents": [kpi], "comment": "x"}).status_code == 200
        (card,) = rows(portal, "scorecard", name="HR")
        line = {"scorecard": card["id"], "sequence": 9, "kpi": "waste", "weight": 1}
        assert hana.post("/api/v1/scorecard_line/", json=line).status_code == 201
        seen = hana.get(f"/history/restore/{before}").text
        assert "1 scorecards weigh it: HR." in seen


class TestTwoEditorsOfOneScorecard:
    """Hana in two windows stands for two people of HR: what is held apart are the forms."""

    @pytest.fixture
    def form(self, hana, place):
        return form_of(hana.get(place).text)

    def test_who_saves_second_sees_both_and_chooses(self, hana, place, form):
        assert hana.post(place, data=form | {"line-0-weight": "10", "do": "save"}).status_code == 303
        mine = form | {"line-0-weight": "77"}
        answer = hana.post(place, data=mine | {"do": "save"})
        assert answer.status_code == 412
        both = answer.text.split("data-both", 1)[1].split("</section>", 1)[0]
        assert {">10<", ">77<"} <= set(re.findall(r">\d+<", both))
        assert "Keep mine as the draft" in both
        assert "Take theirs and drop mine" in both
        assert form_of(hana.get(place).text)["line-0-weight"] == "10"
        again = form_of(answer.text)
        assert again["line-0-weight"] == "77"
        assert hana.post(place, data=again | {"do": "save"}).status_code == 303
        assert form_of(hana.get(place).text)["line-0-weight"] == "77"

    def test_who_saves_after_the_other_published_is_told_and_overwrites_nothing_unseen(self, portal, hana, place, form):
        published = form | {"line-0-weight": "60", "line-1-weight": "40", "do": "publish"}
        assert hana.post(place, data=published).status_code == 303
        answer = hana.post(place, data=form | {"line-0-weight": "50", "line-1-weight": "50", "do": "save"})
        assert answer.status_code == 412
        assert "published by somebody else since this was begun" in answer.text
        both = answer.text.split("data-both", 1)[1].split("</section>", 1)[0]
        assert {">60<", ">50<", ">40<"} <= set(re.findall(r">\d+<", both))
        late = hana.post(place, data=form | {"line-0-weight": "50", "line-1-weight": "50", "do": "publish"})
        assert late.status_code == 412
        weights = {int(line["weight"]) for line in rows(portal, "scorecard_line", scorecard=int(place.split("/")[2]))}
        assert weights == {60, 40}
        assert hana.post(place, data=form_of(late.text) | {"do": "publish"}).status_code == 303

    def test_whose_draft_was_published_by_the_other_is_told(self, hana, place, form):
        hana.post(place, data=form | {"line-0-weight": "60", "line-1-weight": "40", "do": "save"})
        open_form = form_of(hana.get(place).text)
        assert hana.post(place, data=open_form | {"do": "publish"}).status_code == 303
        for tongue, words in (("en", "is gone: published or discarded"), ("zh", "已被发布或放弃")):
            answer = hana.post(place, data=open_form | {"line-0-weight": "55", "do": "save"}, **spoken(tongue))
            assert (answer.status_code, words in answer.text) == (412, True)
            assert form_of(answer.text)["line-0-weight"] == "55"

    def test_a_publish_from_what_if_leaves_the_draft_of_another(self, hana, card, place, form):
        hana.post(place, data=form | {"line-0-weight": "51", "line-1-weight": "49", "do": "save"})
        trial = form_of(hana.get(f"/what-if/{card}/").text) | {"line-0-weight": "60", "line-1-weight": "40"}
        assert hana.post(f"/what-if/{card}/", data=trial | {"do": "publish"}).status_code == 303
        page = hana.get(place).text
        assert form_of(page)["line-0-weight"] == "51"
        assert "published since this draft was begun" in page
        first = hana.post(place, data=form_of(page) | {"do": "publish"})
        assert first.status_code == 412
        assert hana.post(place, data=form_of(first.text) | {"do": "publish"}).status_code == 303

    def test_by_rest_a_stale_draft_answers_412_with_both(self, hana, base):
        first = hana.get(f"{base}/draft")
        content, tag = first.json["result"]["content"], first.headers["ETag"]
        one = {**content, "lines": [{**line, "weight": "50"} for line in content["lines"]]}
        other = {**content, "lines": [{**line, "weight": "40"} for line in content["lines"]]}
        assert hana.put(f"{base}/draft", json=one, headers={"If-Match": tag}).status_code == 200
        stale = hana.put(f"{base}/draft", json=other, headers={"If-Match": tag})
        assert stale.status_code == 412
        assert stale.json["theirs"]["content"] == one
        assert stale.json["yours"]["content"] == other
        now = stale.headers["ETag"]
        assert hana.put(f"{base}/draft", json=other, headers={"If-Match": now}).status_code == 200

    def test_by_rest_a_first_draft_of_what_was_published_meanwhile_is_stale(self, hana, base):
        tag = hana.get(f"{base}/draft").headers["ETag"]
        content, based_on = shown(hana, base)
        mine = {**content, "decimals": "2"}
        content["lines"][0]["weight"], content["lines"][1]["weight"] = "60", "40"
        body = {"content": content, "based_on": based_on}
        assert hana.post(f"{base}/publish", json=body).status_code == 200
        assert hana.put(f"{base}/draft", json=mine, headers={"If-Match": tag}).status_code == 412
        assert hana.post(f"{base}/publish", json=body).status_code == 409
