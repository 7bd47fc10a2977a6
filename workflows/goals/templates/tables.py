"""The fixed tables of templates: what was given, to whom, and which goals came of it.

Part of `workflows/store`'s tables, which creates them; written by `giving` and `undoing`, by nobody else. A claim is
unique, so that nobody has the goals of one template twice for one period, whoever gives them at the same moment.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table

from metadata.engine import UTCDateTime
from metadata.store import Id, Json
from workflows.store import Account, metadata_obj

givings = Table(
    "plumbline_goal_giving",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("template_id", Id, nullable=False),
    Column("plan", Json, nullable=False, comment="the template as it was when it was given"),
    Column("department_id", Id, nullable=False),
    Column("parent_definition", String(60)),
    Column("parent_id", Id),
    Column("period_start", Date, nullable=False),
    Column("period_end", Date, nullable=False),
    Column("by", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("job_id", Id),
    Column("undone_by", Account),
    Column("undone_at", UTCDateTime),
    Index("ix_plumbline_goal_giving_template", "template_id", "id"),
    Index("ix_plumbline_goal_giving_by", "by", "id"),
)

given_people = Table(
    "plumbline_goal_given_person",
    metadata_obj,
    Column("giving_id", Id, ForeignKey("plumbline_goal_giving.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Id, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False, comment="waiting, given, has, refused, undone or kept"),
    Column("problems", Json),
    Column("claim", String(120), unique=True, comment="template, period and person; none where nothing is held"),
    Index("ix_plumbline_goal_given_person_state", "giving_id", "state", "person_id"),
)

given_goals = Table(
    "plumbline_goal_given",
    metadata_obj,
    Column("giving_id", Id, ForeignKey("plumbline_goal_giving.id", ondelete="CASCADE"), primary_key=True),
    Column("definition", String(60), primary_key=True),
    Column("record_id", Id, primary_key=True, autoincrement=False),
    Column("person_id", Id, nullable=False),
    Column("place", Integer, nullable=False, comment="of the objective in the template"),
    Column("state", String(20), nullable=False, comment="given, waiting (to be taken back), undone or kept"),
    Column("problems", Json),
    Index("ix_plumbline_goal_given_record", "definition", "record_id"),
    Index("ix_plumbline_goal_given_state", "giving_id", "state", "record_id"),
    comment="The goals that came of a template.",
)
