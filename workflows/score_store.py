"""The fixed tables of scores: sheets and ledger of what was computed, figures by person, scorecards and
stints of cycles, versions and drafts of scorecards, what-if scenarios.

Part of `workflows/store`'s tables, which creates them; written by workflows/cycles, workflows/scorecards and
workflows/whatif, by nobody else.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Double, Index, Integer, String, Table, Text, UniqueConstraint

from metadata.engine import UTCDateTime
from metadata.store import Id, Json
from workflows.store import Account, metadata_obj

Digest = String(64)

score_sheets = Table(
    "plumbline_score_sheet",
    metadata_obj,
    Column("hash", Digest, primary_key=True, comment="SHA-256 of the content"),
    Column("content", Text, nullable=False, comment="canonical JSON: figures, shares, score, hash of the pinned terms"),
    comment="One computation with everything it used; people with the same figures share a sheet. Never changed.",
)

score_ledger = Table(
    "plumbline_score_ledger",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("review_id", Id, nullable=False),
    Column("cycle_id", Id, nullable=False),
    Column("employee_id", Id, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Account, nullable=False),
    Column("sheet", Digest, nullable=False),
    Index("ix_plumbline_score_ledger_review", "review_id", "id"),
    Index("ix_plumbline_score_ledger_employee", "employee_id", "id"),
    comment="Which computation a review had, and from when on. Rows are added, never changed.",
)

person_figures = Table(
    "plumbline_person_figure",
    metadata_obj,
    Column("cycle_id", Id, primary_key=True, autoincrement=False),
    Column("employee_id", Id, primary_key=True, autoincrement=False),
    Column("line", String(80), primary_key=True),
    Column("plan", Double),
    Column("actual", Double),
    Column("records", Integer, nullable=False, default=0),
    comment="What was measured for each person of a cycle, on the lines that are not the department's.",
)

cycle_cards = Table(
    "plumbline_cycle_card",
    metadata_obj,
    Column("cycle_id", Id, primary_key=True, autoincrement=False),
    Column("scorecard_id", Id, primary_key=True, autoincrement=False),
    Column("name", String(120), nullable=False),
    Column("name_zh", String(120), nullable=False, default=""),
    Column("person", Id, comment="for whom it was, and when, at the launch; null: for everybody"),
    Column("position", Id),
    Column("department", Id),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("terms", Json, nullable=False),
    comment="The scorecards of a cycle in which each person's own counts. Written once, at its launch.",
)

cycle_units = Table(
    "plumbline_cycle_unit",
    metadata_obj,
    Column("cycle_id", Id, primary_key=True, autoincrement=False),
    Column("department", Id, primary_key=True, autoincrement=False),
    Column("parent", Id),
    comment="The tree of departments at a cycle's launch: what a department's figures cover, whatever is moved later.",
)

review_stints = Table(
    "plumbline_review_stint",
    metadata_obj,
    Column("cycle_id", Id, primary_key=True, autoincrement=False),
    Column("employee_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("department", Id),
    Column("position", Id),
    Column("scorecard", Id, comment="null: none was for the person on these days, which leave the mean"),
    comment="Where a reviewed person worked in the period, as of the launch; none: the review's own place throughout.",
)

card_versions = Table(
    "plumbline_scorecard_version",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("scorecard_id", Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Account, nullable=False),
    Column("comment", String(500), nullable=False, default=""),
    Column("content", Json, nullable=False),
    UniqueConstraint("scorecard_id", "number"),
)

card_drafts = Table(
    "plumbline_scorecard_draft",
    metadata_obj,
    Column("scorecard_id", Id, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Account, nullable=False),
    Column("version", Integer, nullable=False, default=1, comment="two editors of one draft: the second is told"),
    Column("based_on", Digest, nullable=False, comment="hash of the live content that the draft began from"),
    Column("content", Json, nullable=False),
)

scenarios = Table(
    "plumbline_scenario",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("scorecard_id", Id, nullable=False),
    Column("owner", Account, nullable=False),
    Column("shared", Boolean, nullable=False, default=False),
    Column("at", UTCDateTime, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("based_on", Digest, nullable=False),
    Column("content", Json, nullable=False, comment="the scorecard as it would be"),
    Column("settings", Json, nullable=False, comment="period, unit, thresholds of the lists, bonus"),
    Column("published_at", UTCDateTime),
    Index("ix_plumbline_scenario_card", "scorecard_id", "id"),
)

scenario_comments = Table(
    "plumbline_scenario_comment",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("scenario_id", Id, nullable=False),
    Column("author", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_plumbline_scenario_comment", "scenario_id", "id"),
)
