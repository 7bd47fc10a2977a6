"""Goals in the database: who sees which, what a check-in moves, what a KPI feeds, how many statements it takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from metadata import records
from metadata.engine import writing
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound
from metadata.records import objectives
from tests.workflows.goals.conftest import key_of, together
from workflows.goals import aligned, check_ins, closing, feeding, progress, reading
from workflows.goals.levels import RESULTS

SETUP = "Set-up time of line 2 below 20 minutes"
OUTPUT = "Output at 90 % of plan with fewer rejects"


def titles(firm, account, **more):
    actor = firm.actor(account)
    web = firm.read(aligned.web, actor, **more)
    return {goal.title for goal in firm.read(reading.many, actor, web.goals).values()}


def check_in(firm, account, title, **given):
    key = key_of(firm, title)
    result = firm.read(reading.one, firm.actor(account), key).results[0].id
    said = {"value": "22", "confidence": "on_track", "note": "", "evidence": ""} | given
    return firm.write(check_ins.check_in, account, key, result, **said)


class TestWhoSees:
    @pytest.fixture
    def hidden(self, firm):
        emma = firm.person("emma")
        department = firm.catalog["employee"].table.c
        with Session(firm.engine) as session:
            unit = session.execute(department.department.table.select().where(department.id == emma)).mappings().one()
        for visibility in ("private", "unit", "public"):
            firm.create(
                "objective_individual",
                title=f"{visibility} goal",
                owner=emma,
                department=unit["department"],
                period_start="2026-10-01",
                period_end="2026-12-31",
                commitment="committed",
                status="active",
                visibility=visibility,
            )

    def test_a_goal_is_seen_by_those_whom_its_visibility_names(self, firm, hidden):
        seen = {
            account: {name.removesuffix(" goal") for name in titles(firm, account) if name.endswith(" goal")}
            for account in ("hana", "derek", "emma", "sofia", "liwei", "tariq")
        }
        everything = {"private", "unit", "public"}
        assert seen == {
            **dict.fromkeys(("hana", "derek", "emma"), everything),
            **{account: {"public"} for account in ("sofia", "liwei", "tariq")},
        }

    def test_colleagues_of_the_unit_see_what_is_for_the_unit(self, firm, hidden):
        emma = firm.person("emma")
        c = firm.catalog["employee"].table.c
        with Session(firm.engine) as session:
            unit = session.execute(c.id.table.select().where(c.id == emma)).mappings().one()["department"]
            other = session.execute(c.id.table.select().where(c.department == unit, c.id != emma)).mappings().first()
        firm.change("employee", other["id"], account="colleague")
        actor = firm.actor("emma").__class__("colleague", frozenset({"Employee"}), other["id"], unit)
        web = firm.read(aligned.web, actor)
        found = {goal.title for goal in firm.read(reading.many, actor, web.goals).values()}
        assert {"unit goal", "public goal"} <= found
        assert "private goal" not in found

    def test_a_hidden_goal_and_a_missing_one_answer_alike(self, firm, hidden):
        private = key_of(firm, "private goal")
        for key in (private, ("objective_individual", 999_999), ("employee", 1)):
            with pytest.raises(NotFound):
                firm.read(reading.one, firm.actor("liwei"), key)


class TestCheckIns:
    def test_moves_the_key_result_and_the_progress_of_the_goal(self, firm):
        check_in(firm, "emma", SETUP, value="21.5", note="New clamps", evidence="https://example.org/clamps")
        goal = firm.read(reading.one, firm.actor("emma"), key_of(firm, SETUP))
        assert (goal.results[0].current, goal.progress) == (Decimal("21.50"), Decimal("0.90"))

    def test_names_what_is_wrong_and_saves_nothing(self, firm):
        with pytest.raises(Invalid) as error:
            check_in(firm, "emma", SETUP, value="lots", confidence="at_risk", evidence="javascript:alert(1)")
        assert sorted(p.pointer for p in error.value.problems) == ["/evidence", "/note", "/value"]
        assert firm.read(check_ins.of_goal, firm.actor("emma"), key_of(firm, SETUP)) == []

    @pytest.mark.parametrize(
        ("typed", "read"),
        [("50,000", 50_000), ("1,250.5", Decimal("1250.5")), ("2,5", Decimal("2.5")), ("0,25", Decimal("0.25"))],
    )
    def test_reads_a_figure_as_pages_print_it(self, typed, read):
        assert check_ins.number_of(typed) == read

    def test_is_for_those_who_may_change_the_goal(self, firm):
        with pytest.raises((NotAllowed, NotFound)):
            check_in(firm, "liwei", SETUP)

    def test_a_doubt_is_told_to_the_manager_who_answers_once(self, firm):
        number = check_in(firm, "emma", SETUP, confidence="at_risk", note="The press stands still")
        with pytest.raises(NotAllowed):
            firm.write(check_ins.answer, "emma", number, "Well done, me")
        firm.write(check_ins.answer, "derek", number, "The mechanic comes on Monday")
        with pytest.raises(Conflict):
            firm.write(check_ins.answer, "hana", number, "Me too")
        said = firm.read(check_ins.of_goal, firm.actor("emma"), key_of(firm, SETUP))[0]
        assert (said.answer, said.answered_by) == ("The mechanic comes on Monday", "derek")
        assert firm.news("emma")[-1] == "goal_answered"

    def test_a_result_fed_by_a_kpi_takes_none(self, firm):
        fed(firm, "pass_rate")
        with pytest.raises(Conflict):
            check_in(firm, "derek", OUTPUT)


def fed(firm, kpi, **more):
    key = key_of(firm, OUTPUT)
    row = {"title": "Pass rate", "target": 95, "start": 0, "fed_by": "kpi", "kpi": kpi, **more}
    firm.change(key[0], key[1], **{RESULTS: [row]})
    return key


def feed(firm):
    with writing(), Session(firm.engine) as session, session.begin():
        return feeding.feed(session, firm.catalog, firm.now)


class TestFeeding:
    def test_a_kpi_fills_the_result_and_the_progress_follows(self, firm):
        key = fed(firm, "pass_rate", kpi_measure="100 * sum(passed) / sum(inspected)")
        assert feed(firm) >= 1
        goal = firm.read(reading.one, firm.actor("derek"), key)
        assert 90 < goal.results[0].current < 100
        assert goal.progress == min(Decimal(1), round(goal.results[0].current / 95, 2))
        assert feed(firm) == 0

    def test_nobody_learns_from_a_goal_what_its_owner_may_not_see(self, firm):
        key = fed(firm, "pay_adjustment")
        feed(firm)
        assert firm.read(reading.one, firm.actor("derek"), key).results[0].current is None

    def test_progress_of_goals_below_goes_up(self, firm):
        key = fed(firm, "")
        firm.change(key[0], key[1], **{RESULTS: [{"title": "All of it", "target": 100, "fed_by": "children"}]})
        with writing(), Session(firm.engine) as session, session.begin():
            progress.refresh(session, firm.catalog, [key_of(firm, SETUP)], now=firm.now)
        below = firm.read(aligned.web, firm.actor("hana")).below[key]
        found = firm.read(reading.many, firm.actor("hana"), [edge.child for edge in below])
        mean = sum(goal.progress for goal in found.values()) / len(found)
        assert firm.read(reading.one, firm.actor("derek"), key).progress == pytest.approx(mean, abs=Decimal("0.005"))


class TestAtOnce:
    """PostgreSQL alone: SQLite has one writer at a time."""

    @pytest.fixture(params=["postgresql"])
    def database_kind(self, request, needs):
        needs(request.param)
        return request.param

    def test_two_colleagues_check_in_below_one_goal_and_both_count(self, firm):
        given = {
            "commitment": "committed",
            "status": "active",
            "period_start": "2026-07-01",
            "period_end": "2026-12-31",
        }
        given |= {"visibility": "public", "department": firm.actor("emma").unit_id, "owner": firm.person("emma")}
        row = {"title": "U", "target": 100, "start": 0, "unit": "pcs"}
        above = firm.create("objective_department", title="P", **given, key_results=[row | {"fed_by": "children"}])
        given |= {"parent": above, "key_results": [row]}
        keys = [("objective_individual", firm.create("objective_individual", title=t, **given)) for t in "AB"]

        def says(key, value):
            result = firm.read(reading.one, firm.actor("emma"), key).results[0].id
            said = {"value": value, "confidence": "on_track", "now": firm.now}
            return lambda s: check_ins.check_in(s, firm.catalog, firm.actor("emma"), key, result, **said)

        together(firm, says(keys[0], "20"), says(keys[1], "60"))
        found = firm.read(reading.many, firm.actor("hana"), [*keys, ("objective_department", above)])
        assert sorted(goal.progress for goal in found.values()) == [Decimal("0.20"), Decimal("0.40"), Decimal("0.60")]

    def test_a_goal_that_is_edited_meanwhile_stops_no_feed(self, firm):
        key = fed(firm, "pass_rate", kpi_measure="100 * sum(passed) / sum(inspected)")
        values = {"note": "Edited meanwhile"}
        together(
            firm,
            lambda s: records.change(s, firm.catalog, key[0], firm.actor("hana"), key[1], values, now=firm.now),
            lambda s: feeding.feed(s, firm.catalog, firm.now),
        )
        assert firm.read(reading.one, firm.actor("derek"), key).results[0].current > 0


class TestTime:
    def test_a_goal_without_an_end_in_sight_is_refused_at_its_last_day_and_only_where_its_time_is_written(self, firm):
        definition, number = key = key_of(firm, SETUP)
        for first, last in (("2026-07-01", "9999-12-31"), ("0001-01-01", "2026-12-31"), ("2026-07-01", "2036-07-08")):
            with pytest.raises(Invalid) as error:
                firm.change(definition, number, period_start=first, period_end=last)
            assert [(p.pointer, p.message) for p in error.value.problems] == [("/period_end", objectives.TOO_LONG)]
        firm.change(definition, number, period_start="2026-07-01", period_end="2036-07-07")
        stored_end(firm, key, date.max)
        check_in(firm, "emma", SETUP)

    def test_one_that_was_stored_before_stops_no_feed(self, firm):
        key = fed(firm, "pass_rate", kpi_measure="100 * sum(passed) / sum(inspected)")
        stored_end(firm, key, date.max)
        assert feed(firm) >= 1
        assert firm.read(reading.one, firm.actor("derek"), key).results[0].current > 0


def stored_end(firm, key, day):
    """A last day as an earlier version let it in."""
    table = firm.catalog[key[0]].table
    with writing(), Session(firm.engine) as session, session.begin():
        session.execute(table.update().where(table.c.id == key[1]).values(period_end=day))


class TestOver:
    """A goal that is over stays as it was closed."""

    def test_it_takes_no_check_in_and_keeps_its_progress_until_it_runs_again(self, firm):
        key = fed(firm, "")
        firm.change(key[0], key[1], **{RESULTS: [{"title": "All of it", "target": 100, "fed_by": "children"}]})
        check_in(firm, "emma", SETUP, value="24")
        firm.write(closing.close, "derek", key, score="0.5", reason="So be it", explanation="Late parts")
        firm.settle()
        before = firm.read(reading.one, firm.actor("derek"), key).progress
        check_in(firm, "emma", SETUP, value="20.5")
        firm.settle()
        assert firm.read(reading.one, firm.actor("derek"), key).progress == before
        firm.write(closing.reopen, "hana", key, reason="Once more")
        firm.settle()
        assert firm.read(reading.one, firm.actor("derek"), key).progress > before
        setup = key_of(firm, SETUP)
        result = firm.read(reading.one, firm.actor("emma"), setup).results[0].id
        firm.write(closing.close, "emma", setup, score="1", reason="Good")
        with pytest.raises(Conflict) as refused:
            firm.write(check_ins.check_in, "emma", setup, result, value="21", confidence="on_track")
        assert refused.value.message == "This goal is over; open it again first."

    def test_what_is_reached_and_ended_in_one_change_counts(self, firm):
        key = key_of(firm, SETUP)
        result = firm.read(reading.one, firm.actor("emma"), key).results[0].id
        firm.change(key[0], key[1], status="done", **{RESULTS: [{"id": result, "current": 20}]})
        firm.settle()
        assert firm.read(reading.one, firm.actor("emma"), key).progress == 1


class TestAlignment:
    def test_a_goal_never_contributes_to_itself(self, firm):
        output, sales = key_of(firm, OUTPUT), key_of(firm, "Sales +50 %")
        firm.change(output[0], output[1], also=[{"objective": sales[1], "share": 20}])
        for one, other in ((sales, output), (output, output)):
            with pytest.raises(Invalid) as error:
                firm.change(one[0], one[1], also=[{"objective": other[1]}])
            assert [p.pointer for p in error.value.problems] == ["/also"]
        with pytest.raises(Invalid), writing(), Session(firm.engine) as session, session.begin():
            changes = [records.Change(sales[1], {"also": [{"objective": output[1]}]})]
            records.change_many(session, firm.catalog, sales[0], firm.actor("hana"), changes, now=firm.now)

    def test_a_target_that_is_the_start_is_refused_at_its_cell(self, firm):
        key = key_of(firm, OUTPUT)
        with pytest.raises(Invalid) as error:
            firm.change(key[0], key[1], **{RESULTS: [{"title": "Nothing", "start": 5, "target": 5}]})
        assert [p.pointer for p in error.value.problems] == ["/key_results/0/target"]

    def test_any_number_of_goals_is_asked_about_at_once(self, firm):
        key = key_of(firm, SETUP)
        everything = ((key[0], number) for number in range(1, 300_000))
        assert key in firm.read(check_ins.changeable, firm.actor("hana"), everything)

    def test_the_tree_takes_one_statement_and_each_level_one_more(self, firm):
        actor, sent = firm.actor("hana"), firm.statements()
        web = firm.read(aligned.web, actor)
        firm.read(reading.many, actor, web.goals)
        assert len([one for one in sent if one.lstrip().upper().startswith(("SELECT", "WITH"))]) <= 4
