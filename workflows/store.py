"""The fixed tables of this floor: jobs, leases, events, notifications, accounts, logins, tours, cycle pins,
saved views, bulk changes, comments, idempotency and API keys.

`create` brings them up to date (`plumbline migrate`); everything else in `workflows` reads and writes
them with SQLAlchemy Core. What people work with (cycles, reviews, courses) is not here: those
are definitions, and their rows go through the record door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from metadata.engine import UTCDateTime
from metadata.store import Id, Json

metadata_obj = MetaData()
Account = String(200)

jobs = Table(
    "plumbline_job",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("kind", String(80), nullable=False),
    Column("title", Text, nullable=False, comment="English sentence with %(name)s places; the portal translates it"),
    Column("title_params", Json, nullable=False, default=dict),
    Column("state", String(20), nullable=False, default="queued"),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    Column("payload", Json, nullable=False, default=dict),
    Column("cursor", Json, comment="where the handler goes on; moves in the transaction of the chunk"),
    Column("result", Json),
    Column("error", Text),
    Column("error_params", Json, nullable=False, default=dict),
    Column("created_by", Account, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("started_at", UTCDateTime),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("catalog_version", Id, nullable=False, default=0),
    Column("lease_owner", String(100)),
    Column("lease_until", UTCDateTime),
    Column("attempts", Integer, nullable=False, default=0, comment="times in a row that a chunk was lost or broke"),
    Column("next_at", UTCDateTime, nullable=False),
    Index("ix_plumbline_job_open", "state", "next_at"),
    Index("ix_plumbline_job_creator", "created_by", "id"),
)

leases = Table(
    "plumbline_lease",
    metadata_obj,
    Column("name", String(120), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("until", UTCDateTime, nullable=False),
)

handled = Table(
    "plumbline_outbox_handled",
    metadata_obj,
    Column("event_id", Id, primary_key=True, autoincrement=False),
    Column("subscriber", String(120), primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    comment="Written with a subscriber's own effects, so that an event has them once however often it arrives.",
)

notifications = Table(
    "plumbline_notification",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("key", String(200), nullable=False, unique=True, comment="the same news has the same key, and is told once"),
    Column("recipient", Account, nullable=False),
    Column("kind", String(80), nullable=False),
    Column("params", Json, nullable=False, default=dict),
    Column("link", Text, nullable=False, default=""),
    Column("at", UTCDateTime, nullable=False),
    Column("read_at", UTCDateTime),
    Index("ix_plumbline_notification_inbox", "recipient", "id"),
    Index("ix_plumbline_notification_unread", "recipient", "read_at"),
)

deliveries = Table(
    "plumbline_delivery",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("notification_id", Id, ForeignKey("plumbline_notification.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("state", String(20), nullable=False, default="queued", comment="queued, sent, failed or skipped"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", UTCDateTime, nullable=False),
    Column("claimed_at", UTCDateTime),
    Column("claimed_by", String(100)),
    Column("finished_at", UTCDateTime),
    Column("error", Text),
    UniqueConstraint("notification_id", "channel"),
    Index("ix_plumbline_delivery_open", "state", "next_at"),
)

preferences = Table(
    "plumbline_notification_preference",
    metadata_obj,
    Column("account", Account, primary_key=True),
    Column("kind", String(80), primary_key=True, comment="a kind of message, or * for all others"),
    Column("channel", String(20), primary_key=True),
    Column("wanted", Boolean, nullable=False),
)

accounts = Table(
    "plumbline_account",
    metadata_obj,
    Column("account", Account, primary_key=True),
    Column("language", String(5), comment="null: what the browser asks for"),
    Column("theme", String(10)),
    Column("timezone", String(60), comment="null: the installation's"),
    Column("must_change", Boolean, nullable=False, default=False, comment="the password was given by somebody else"),
    comment="What the portal knows of an account beside Flask-AppBuilder's row.",
)

logins = Table(
    "plumbline_login",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True, comment="hash of what the browser's cookie carries"),
    Column("account", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("until", UTCDateTime, nullable=False),
    Column("browser", String(200), nullable=False, default=""),
    Column("address", String(60), nullable=False, default=""),
    Index("ix_plumbline_login_account", "account"),
    comment="Each browser that is logged in; without its row a cookie is worth nothing.",
)

tour_progress = Table(
    "plumbline_tour_progress",
    metadata_obj,
    Column("account", Account, primary_key=True),
    Column("walkthrough", String(60), primary_key=True),
    Column("step", Integer, nullable=False, default=0),
    Column("state", String(20), nullable=False, comment="started, done or dismissed"),
    Column("at", UTCDateTime, nullable=False),
)

cycle_pins = Table(
    "plumbline_cycle_pin",
    metadata_obj,
    Column("cycle_id", Id, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("by", Account, nullable=False),
    Column("catalog_version", Id, nullable=False),
    Column("terms", Json, nullable=False, comment="lines, bands, places and policy as they were at the launch"),
    Column("figures", Json, comment="plan and actual of each KPI by department, as last measured"),
    Column("measured_at", UTCDateTime),
    Column("job_id", Id, comment="the launch, or the last computation"),
    comment="What a review cycle scores with: written once, at its launch; only the measured figures are renewed.",
)

idempotency_keys = Table(
    "plumbline_idempotency_key",
    metadata_obj,
    Column("account", Account, primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request", String(64), nullable=False, comment="hash of method, path and body: the same key means the same"),
    Column("at", UTCDateTime, nullable=False),
    Column("status", Integer),
    Column("headers", Json),
    Column("body", Text),
    Index("ix_plumbline_idempotency_key_at", "at"),
)

api_keys = Table(
    "plumbline_api_key",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("account", Account, nullable=False),
    Column("name", String(100), nullable=False),
    Column("hint", String(20), nullable=False, comment="the first characters, by which the owner knows it again"),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", UTCDateTime, nullable=False),
    Column("expires_at", UTCDateTime),
    Column("last_used_at", UTCDateTime, comment="written at most once an hour"),
    Column("revoked_at", UTCDateTime),
    Index("ix_plumbline_api_key_account", "account", "id"),
)

list_views = Table(
    "plumbline_list_view",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", String(60), nullable=False),
    Column("name", String(100), nullable=False),
    Column("owner", Account, nullable=False),
    Column("shared", Boolean, nullable=False, default=False),
    Column("roles", Json, nullable=False, default=list, comment="who sees a shared view"),
    Column("state", Json, nullable=False, comment="fields stand in it by their column, which outlives their name"),
    Column("version", Integer, nullable=False, default=1),
    Column("at", UTCDateTime, nullable=False),
    UniqueConstraint("owner", "definition", "name"),
    Index("ix_plumbline_list_view_definition", "definition"),
)

list_defaults = Table(
    "plumbline_list_default",
    metadata_obj,
    Column("account", Account, primary_key=True),
    Column("definition", String(60), primary_key=True),
    Column("view_id", Id, ForeignKey("plumbline_list_view.id", ondelete="CASCADE"), nullable=False),
    comment="The view with which a person's list opens.",
)

bulk_edits = Table(
    "plumbline_bulk_edit",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", String(60), nullable=False),
    Column("column", String(63), nullable=False, comment="of the field that was changed"),
    Column("operation", String(20), nullable=False),
    Column("value", Json),
    Column("account", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("undone_at", UTCDateTime),
    Column("job_id", Id, comment="where the records were too many for a request"),
    Index("ix_plumbline_bulk_edit_account", "account", "definition", "id"),
)

bulk_items = Table(
    "plumbline_bulk_item",
    metadata_obj,
    Column("edit_id", Id, ForeignKey("plumbline_bulk_edit.id", ondelete="CASCADE"), primary_key=True),
    Column("record_id", Id, primary_key=True, autoincrement=False),
    Column("state", String(20), nullable=False),
    Column("version", Integer, comment="of the record when it had been changed: only that is undone"),
    Column("before", Json),
    Column("after", Json),
    Column("problems", Json),
    Index("ix_plumbline_bulk_item_state", "edit_id", "state", "record_id"),
    comment="Which records a change of many means, and what became of each.",
)

comments = Table(
    "plumbline_comment",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("definition", String(60), nullable=False),
    Column("record_id", Id, nullable=False),
    Column("author", Account, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("mentions", Json, nullable=False, default=list, comment="accounts that were told"),
    Column("version", Integer, nullable=False, default=1),
    Column("edited_at", UTCDateTime),
    Column("removed_at", UTCDateTime),
    Index("ix_plumbline_comment_record", "definition", "record_id", "id"),
)

comment_versions = Table(
    "plumbline_comment_version",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("comment_id", Id, ForeignKey("plumbline_comment.id", ondelete="CASCADE"), nullable=False),
    Column("at", UTCDateTime, nullable=False, comment="until when it said this"),
    Column("text", Text, nullable=False),
    Index("ix_plumbline_comment_version_comment", "comment_id", "id"),
)

quiz_attempts = Table(
    "plumbline_quiz_attempt",
    metadata_obj,
    Column("id", Id, primary_key=True),
    Column("course_id", Id, nullable=False),
    Column("course_version", Integer, nullable=False, comment="of the record whose questions were answered"),
    Column("person_id", Id, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("answers", Json, nullable=False, comment="the number of the choice for each question, null for none"),
    Column("correct", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("passed", Boolean, nullable=False),
    Index("ix_plumbline_quiz_attempt_person", "course_id", "person_id"),
    comment="Quizzes handed in; none is ever changed.",
)


def create(connection: Connection) -> None:
    """Create what is missing; safe to call again."""
    metadata_obj.create_all(connection)


def insert_new(session: Session, table: Table, rows: Sequence[Mapping[str, Any]], *columns: Column[Any]) -> list[Any]:
    """Insert the rows whose unique keys are not there yet and return `columns` of those."""
    if not rows:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing().returning(*columns)
    return list(session.execute(statement, list(rows)))
