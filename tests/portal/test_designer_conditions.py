"""Conditions without JSON, and who may do what, in a draft: sentences in, keywords out, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.designer import conditions
from portal.designer.conditions import ASK, REFUSE, REQUIRE, SHOW, Condition, Test
from tests.portal.demo_site import logged_in
from tests.portal.test_designer_desk import HERE, SCRIPT, draft, send

Test.__test__ = False
VALUE = {"is": (1,), "is_not": (1,), "one_of": (1, 2), "filled": (), "empty": (), "at_least": (1,), "at_most": (1,), "more": (1,), "less": (1,)}  # fmt: skip
tests = st.builds(lambda f, o: Test(f, o, VALUE[o]), st.sampled_from("abc"), st.sampled_from(conditions.OPERATORS))
targets = st.lists(st.sampled_from("xyz"), min_size=1, max_size=3, unique=True).map(tuple)
built = st.builds(Condition, st.sampled_from([REQUIRE, ASK, SHOW]), targets, st.lists(tests, min_size=1, max_size=4).map(tuple), st.booleans())  # fmt: skip
NOTE = {"effect": REQUIRE, "targets": ["note"], "join": "and"}


def same(one, other):
    """Any or all of one test is the same; tests of which all must hold may stand in another order."""
    if len(one.tests) > 1 and (one.any_of, one.tests) != (other.any_of, other.tests):
        return one.any_of == other.any_of and set(one.tests) == set(other.tests) and not one.any_of
    return (one.effect, one.targets, set(one.tests)) == (other.effect, other.targets, set(other.tests))


@given(st.lists(built, max_size=4), st.data())
def test_what_is_written_is_read_again_changed_and_taken_out(many, data):
    document = {}
    for condition in many:
        document = conditions.put(document, condition)
    read = conditions.entries(document)
    assert all(same(c, e.condition) for c, e in zip(many, read, strict=True))
    if read:
        entry = data.draw(st.sampled_from(read))
        again = conditions.put(document, entry.condition, entry.place)
        assert [e.condition for e in conditions.entries(again)] == [e.condition for e in read]
        assert len(conditions.entries(conditions.drop(document, entry.place))) == len(read) - 1


def test_what_is_too_clever_for_sentences_is_shown_as_it_is():
    clever = {"if": {"not": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}, "then": {"required": ["c"]}}
    [entry] = conditions.entries({"allOf": [clever]})
    assert entry.condition is None
    assert '"anyOf"' in entry.text


def lines(*rows):
    return {f"test_{part}": [row[n] for row in rows] for n, part in enumerate(("field", "operator", "value"))}


@pytest.fixture
def hana(portal):
    portal.json.sort_keys = False
    return logged_in(portal, "hana")


class TestConditions:
    def test_the_one_that_is_there_is_told_and_changed(self, portal, hana):
        assert "“Note”: must be filled when “Produced” is 0." in hana.get(HERE).text
        assert send(hana, "/condition/0", **NOTE, **lines(("produced", "at_most", "10"))).status_code == 303
        kept = draft(portal).document
        assert "if" not in kept
        [kept] = kept["allOf"]
        assert kept["if"] == {"properties": {"produced": {"maximum": 10}}, "required": ["produced"]}
        assert kept["then"] == {"required": ["note"]}

    def test_a_field_is_shown_only_when_it_matters(self, portal, hana):
        sent = {"effect": SHOW, "targets": ["note"], "join": "or"}
        send(hana, "/condition/0/remove")
        send(hana, "/condition", **sent, **lines(("shift", "is", "late"), ("produced", "is", "0")))
        assert "shown only when “Shift” is Late or “Produced” is 0." in hana.get(HERE).text
        form = {"as": "HR admin", "language": "en"}
        hana.get(f"{HERE}/form", query_string=form)
        away = hana.post(f"{HERE}/form", data={"produced": "5"}).json["fields"]["note"]
        assert away["shown"] is False
        assert hana.post(f"{HERE}/form", data={"shift": "late"}).json["fields"]["note"]["shown"] is True

    @pytest.mark.parametrize(
        ("at", "sent"),
        [("tests", lines()), ("tests", lines(("produced", "is", "many"))), ("tests", lines(("line", "is", "moon"))),
         ("targets", {"targets": []}), ("message", {"effect": REFUSE}), ("effect", {"effect": "wish"})],
    )  # fmt: skip
    def test_what_is_wrong_is_said_and_nothing_is_saved(self, portal, hana, at, sent):
        answer = send(hana, "/condition", **{**NOTE, **lines(("produced", "is", "0")), **sent})
        assert answer.status_code == 422
        assert f'id="error-{at}"' in answer.text
        assert draft(portal) is None

    def test_a_record_is_refused_in_words_that_were_said(self, portal, hana):
        sent = {"effect": REFUSE, "at": "produced", "message": "Nobody makes so many.", "message_zh": "产量过大。"}
        assert send(hana, "/condition", **sent, **lines(("produced", "more", "1000000"))).status_code == 303
        assert (
            "A record is refused when “Produced” is more than 1,000,000: Nobody makes so many." in hana.get(HERE).text
        )
        send(hana, "/publish", comment="Too many")
        record = {"day": "2026-11-27", "department": 1, "planned": 1, "produced": 2000000}
        answer = hana.post("/api/v1/production_output/", json=record)
        assert answer.status_code == 422
        assert {"pointer": "/produced", "message": "Nobody makes so many."} in answer.json["problems"]

    def test_taking_it_out_can_be_undone(self, portal, hana):
        send(hana, "/condition/0/remove")
        assert "if" not in draft(portal).document
        assert "Undone: Took out a condition." in send(hana, "/undo", headers=SCRIPT).text
        assert "if" in draft(portal).document

    def test_a_condition_that_is_not_there_is_not_found(self, hana):
        assert hana.get(f"{HERE}/condition/9").status_code == 404
        assert send(hana, "/condition/9/remove").status_code == 404


class TestGrants:
    def test_a_role_is_let_in_and_kept_out(self, portal, hana):
        emma = logged_in(portal, "emma")
        assert emma.get("/records/production_output/list/").status_code == 404
        sent = {
            "rows_0": "all",
            "can_0": ["list", "show", "add", "edit"],
            "rows_1": "none",
            "rows_3": "all",
            "can_3": ["list", "show"],
        }
        assert send(hana, "/access", **sent).status_code == 303
        kept = draft(portal).document["x-access"]
        assert kept["Employee"] == {"rows": "all", "can": ["list", "show"]}
        assert kept["Department head"] == {"rows": "none"}
        assert emma.get("/records/production_output/list/").status_code == 404
        send(hana, "/publish", comment="Open to all")
        assert emma.get("/records/production_output/list/").status_code == 200
        assert logged_in(portal, "derek").get("/records/production_output/list/").status_code == 404

    def test_hidden_fields_of_a_role_stay(self, portal, hana):
        document = hana.get("/api/v1/definitions/production_output").json["result"]
        document["x-access"]["Auditor"]["hides"] = ["note"]
        hana.put("/api/v1/definitions/production_output/draft", json=document)
        send(hana, "/access", rows_4="all", can_4=["list"])
        assert draft(portal).document["x-access"]["Auditor"] == {"rows": "all", "can": ["list"], "hides": ["note"]}


@pytest.mark.parametrize("account", ["derek", "emma"])
def test_who_does_not_design_finds_none_of_it(portal, account):
    client = logged_in(portal, account)
    for path in ("/condition", "/condition/0", "/access"):
        assert client.get(HERE + path).status_code == 404
        assert client.post(HERE + path).status_code == 404
