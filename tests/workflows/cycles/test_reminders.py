"""Reminders by a clock that is an argument: when, to whom, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.engine import writing
from workflows.cycles import closing, handing_in, opening, reminders
from workflows.delivery import texts
from workflows.store import notifications

# The cycle's self reviews are due on 1 December 2026 in Shanghai: the day ends at 16:00 UTC.
END = datetime(2026, 12, 1, 16, tzinfo=UTC)
KINDS = ("review_reminder", "review_overdue")


def tick(company, now):
    catalog = company.catalog
    with writing(), Session(company.engine) as session, session.begin():
        return reminders.remind(session, catalog, now)


def told(company):
    with Session(company.engine) as session:
        rows = session.execute(
            select(notifications).where(notifications.c.kind.in_(KINDS)).order_by(notifications.c.id)
        ).all()
    return [(row.recipient, row.kind, row.key.rsplit(":", 1)[1]) for row in rows]


@pytest.mark.parametrize(
    ("moment", "mark"),
    [
        (END - timedelta(days=7, seconds=1), None),
        (END - timedelta(days=7), -7),
        (END - timedelta(days=3, seconds=1), -7),
        (END - timedelta(days=3), -3),
        (END - timedelta(days=1), -1),
        (END, -1),
        (END + timedelta(days=1, seconds=-1), -1),
        (END + timedelta(days=1), 1),
        (END + timedelta(days=400), 1),
    ],
)
def test_a_mark_counts_from_its_moment_on(moment, mark):
    assert reminders.mark_at(END, END - timedelta(days=30), moment) == mark


def test_nobody_is_reminded_of_what_they_were_asked_for_since():
    assert reminders.mark_at(END, END - timedelta(days=2), END - timedelta(hours=25)) is None
    assert reminders.mark_at(END, END - timedelta(days=2), END - timedelta(hours=23)) == -1


def test_each_is_sent_once_however_often_the_clock_ticks(running):
    for days in (-7, -3, -1, 1):
        for minutes in (-1, 0, 10, 20):
            tick(running, END + timedelta(days=days, minutes=minutes))
    assert [entry for entry in told(running) if entry[0] == "emma"] == [
        ("emma", "review_reminder", "-7"),
        ("emma", "review_reminder", "-3"),
        ("emma", "review_reminder", "-1"),
        ("emma", "review_overdue", "1"),
    ]


def test_moving_the_date_sends_nothing_twice(running):
    cycle = running.production
    tick(running, END - timedelta(days=3))
    running.write(opening.change, "derek", cycle, {"self_due": "2026-12-05"})
    moved = END + timedelta(days=4)
    assert tick(running, moved - timedelta(days=3)) == 0
    assert tick(running, moved - timedelta(days=1)) > 0
    assert [mark for who, _kind, mark in told(running) if who == "emma"] == ["-3", "-1"]


def test_after_a_pause_only_the_newest_is_sent(running):
    tick(running, END + timedelta(hours=1))
    assert [mark for who, _kind, mark in told(running) if who == "emma"] == ["-1"]


def test_who_has_handed_in_hears_no_more_and_the_reviewer_does(running):
    running.write(handing_in.save, "emma", running.review("emma")["id"], "Done", None, hand_in=True)
    tick(running, END - timedelta(days=3))
    assert {who for who, _kind, _mark in told(running)} == {"derek"}  # his own self review
    tick(running, END + timedelta(days=4))  # three days before the manager reviews are due
    with Session(running.engine) as session:
        keys = session.execute(select(notifications.c.key).where(notifications.c.kind == "review_reminder")).scalars()
        assert [key for key in keys if ":manager:" in key]


def test_a_closed_cycle_is_quiet(running):
    cycle = running.production
    running.write(closing.advance, "derek", cycle, without_missing=True)
    running.settle()
    running.write(closing.close, "hana", cycle, reason="Trial")
    assert tick(running, END + timedelta(days=1)) == 0


def test_a_reminder_reads_in_both_languages(running):
    tick(running, END - timedelta(days=3))
    with Session(running.engine) as session:
        row = session.execute(select(notifications).where(notifications.c.kind == "review_reminder")).first()
    subjects = {language: texts.render(row.kind, language, row.params).subject for language in ("en", "zh")}
    assert "1 December 2026" in subjects["en"]
    assert "2026年12月1日" in subjects["zh"]
