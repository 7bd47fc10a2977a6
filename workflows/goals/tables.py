"""The fixed tables of goals: check-ins, cascades with their proposals, clashes that were dismissed, how goals were
closed, and the rule by which each level was last taken together.

Part of `workflows/store`'s tables, which creates them; written by the modules beside this one, by nobody else.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Numeric, String, Table, Text

from metadata.engine import UTCDateTime
from metadata.store import Id, Json
from workflows.store import Account, metadata_obj

Figure = Numeric(20, 2)
Name = String(60)

check_ins = Table(
    "plumbline_goal_check_in",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", Name, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("result_id", Id, nullable=False),
    Column("author", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("value", Figure, nullable=False),
    Column("confidence", String(20), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default=""),
    Column("answer", Text),
    Column("answered_by", Account),
    Column("answered_at", UTCDateTime),
    Index("ix_plumbline_goal_check_in_record", "definition", "record_id", "id"),
)

cascades = Table(
    "plumbline_goal_cascade",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", Name, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("result_id", Id, nullable=False),
    Column("before", Figure, nullable=False),
    Column("after", Figure, nullable=False),
    Column("method", String(20), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("proposal_id", Id, comment="the decision from which it flowed on; none where somebody began it"),
    Column("undone_by", Account),
    Column("undone_at", UTCDateTime),
    Index("ix_plumbline_goal_cascade_record", "definition", "record_id", "id"),
)

proposals = Table(
    "plumbline_goal_proposal",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("cascade_id", Id, ForeignKey("plumbline_goal_cascade.id", ondelete="CASCADE"), nullable=False),
    Column("definition", Name, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("result_id", Id, nullable=False),
    Column("before", Figure, nullable=False),
    Column("proposed", Figure, nullable=False),
    Column("state", String(20), nullable=False, default="open", comment="open, accepted, adapted, disputed, undone"),
    Column("final", Figure),
    Column("reason", Text, nullable=False, default=""),
    Column("by", Account),
    Column("at", UTCDateTime),
    Column("version", Integer, nullable=False, default=1),
    Index("ix_plumbline_goal_proposal_cascade", "cascade_id", "id"),
    Index("ix_plumbline_goal_proposal_record", "definition", "record_id", "state"),
)

dismissals = Table(
    "plumbline_goal_dismissal",
    metadata_obj,
    Column("fingerprint", String(64), primary_key=True, comment="of the rule, both sides and the figures"),
    Column("rule", String(40), nullable=False),
    Column("sides", Json, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    comment="Clashes that somebody called harmless, and why; other figures are another clash.",
)

closings = Table(
    "plumbline_goal_closing",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", Name, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("proposed", Figure, comment="what the key results gave; none where there was no data"),
    Column("score", Figure, nullable=False),
    Column("reason", Text, nullable=False, default="", comment="why the score is not the proposed one"),
    Column("explanation", Text, nullable=False, default="", comment="why what was committed was not reached"),
    Column("by", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("status_before", String(60), nullable=False, default=""),
    Column("reopened_by", Account),
    Column("reopened_at", UTCDateTime),
    Column("reopened_why", Text, nullable=False, default=""),
    Index("ix_plumbline_goal_closing_record", "definition", "record_id", "id"),
)

level_rules = Table(
    "plumbline_goal_level_rule",
    metadata_obj,
    Column("definition", Name, primary_key=True),
    Column("rule", String(20), nullable=False),
    comment="The rule by which progress of a level was last taken together: another one moves all of its goals.",
)
