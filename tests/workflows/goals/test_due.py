"""What waits for a person among goals: for whom, since when, and that nothing of it is anybody else's."""

from __future__ import annotations

from datetime import timedelta

from tests.workflows.goals.conftest import key_of, scoreless
from workflows.goals import cascades, check_ins, closing, due, reading

SETUP = "Set-up time of line 2 below 20 minutes"
COMPANY, OUTPUT = "Right the first time: pass rate of 95 %", "Output at 90 % of plan with fewer rejects"


def waits(firm, account, kind, today=None):
    found = firm.read(due.waiting, firm.actor(account), today or firm.now.date())
    return [(one.title, one.on) for one in found if one.kind == kind]


def goal(firm, title):
    return firm.read(reading.one, firm.actor("hana"), key_of(firm, title))


def test_a_goal_is_to_be_closed_from_its_last_day_until_somebody_does(firm):
    found = goal(firm, SETUP)
    assert SETUP not in dict(waits(firm, "emma", due.CLOSE, found.end - timedelta(days=1)))
    assert dict(waits(firm, "emma", due.CLOSE, found.end))[SETUP] == found.end
    for account in ("derek", "hana", "sofia", "audrey"):
        assert SETUP not in dict(waits(firm, account, due.CLOSE, found.end)), account
    firm.write(closing.close, "emma", found.key, explanation="Late parts")
    assert SETUP not in dict(waits(firm, "emma", due.CLOSE, found.end))


def test_a_key_result_of_which_nobody_spoke_for_a_month_is_late(firm):
    found = goal(firm, SETUP)
    month = found.start + due.RHYTHM
    assert waits(firm, "emma", due.LATE, month) == []
    assert dict(waits(firm, "emma", due.LATE, month + timedelta(days=1)))[SETUP] == month
    said = {"value": "22", "confidence": "on_track", "note": "Good"}
    firm.write(check_ins.check_in, "emma", found.key, found.results[0].id, **said)
    spoken = firm.now.date() + due.RHYTHM
    assert SETUP not in dict(waits(firm, "emma", due.LATE, spoken)) or found.end <= spoken
    assert SETUP not in dict(waits(firm, "derek", due.LATE, month + timedelta(days=1)))


def test_a_check_in_with_a_note_waits_for_the_manager_until_it_is_answered(firm):
    found = goal(firm, SETUP)
    quiet = {"value": "23", "confidence": "on_track"}
    firm.write(check_ins.check_in, "emma", found.key, found.results[0].id, **quiet)
    assert waits(firm, "derek", due.ANSWER) == []
    said = {"value": "22", "confidence": "at_risk", "note": "The press stands still"}
    number = firm.write(check_ins.check_in, "emma", found.key, found.results[0].id, **said)
    assert waits(firm, "derek", due.ANSWER) == [(SETUP, firm.now.date())]
    for account in ("emma", "sofia", "liwei", "tariq", "audrey"):
        assert waits(firm, account, due.ANSWER) == [], account
    firm.write(check_ins.answer, "derek", number, "I call the service")
    assert waits(firm, "derek", due.ANSWER) == []


def test_a_proposal_waits_for_the_owner_alone(firm):
    above = goal(firm, COMPANY)
    firm.write(cascades.begin, "hana", above.key, above.results[0].id, target="97", method="share", reason="Asked")
    assert waits(firm, "derek", due.PROPOSAL) == [(OUTPUT, firm.now.date())]
    for account in ("hana", "emma", "sofia"):
        assert waits(firm, account, due.PROPOSAL) == [], account


def given(firm, title):
    """A running goal of Emma's with something to check in."""
    return {
        "title": title,
        "owner": firm.person("emma"),
        "department": firm.actor("emma").unit_id,
        "period_start": f"{firm.now.date() - timedelta(days=60)}",
        "period_end": f"{firm.now.date() + timedelta(days=1)}",
        "commitment": "committed",
        "status": "active",
        "visibility": "public",
        "key_results": [{"title": "r", "target": 5, "start": 0}],
    }


def both(firm, title):
    """Whether a check-in, and a day after its end the closing, of a goal are asked of its owner."""
    later = firm.now.date() + timedelta(days=1)
    return title in dict(waits(firm, "emma", due.LATE)), title in dict(waits(firm, "emma", due.CLOSE, later))


def test_nothing_is_asked_that_would_be_refused(firm):
    firm.create("objective_individual", **given(firm, "Mine to change"))
    firm.create("objective_department", **given(firm, "Mine to see"))
    assert both(firm, "Mine to change") == (True, True)
    assert both(firm, "Mine to see") == (False, False)
    scoreless(firm, "objective_team")
    firm.create("objective_team", **given(firm, "Without a score"))
    assert both(firm, "Without a score") == (True, False)


def test_where_nothing_waits_three_statements_say_so(firm):
    actor, sent = firm.actor("tariq"), firm.statements()
    assert firm.read(due.waiting, actor, firm.now.date().replace(year=2020)) == []
    assert len([one for one in sent if one != "BEGIN"]) <= 3, sent
