"""The fixed tables of this floor: catalog versions, definitions, installed packs, drafts, files, audit, outbox, state.

`create` brings them up to date; everything else in `metadata` reads and writes them with SQLAlchemy
Core. They share one MetaData that knows nothing of the tables made from definitions. Documents are JSON, not
JSONB, which would forget the order of their fields.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects import postgresql

from metadata.engine import UTCDateTime

tables = MetaData()
Id = BigInteger().with_variant(Integer, "sqlite")
Json = JSON().with_variant(postgresql.JSONB, "postgresql")

CATALOG, ACCESS = "catalog", "access"

state = Table(
    "plumbline_state",
    tables,
    Column("name", String(40), primary_key=True),
    Column("version", BigInteger, nullable=False),
    comment="One row `catalog`, one row `access`: what every request compares itself with.",
)

catalog_version = Table(
    "plumbline_catalog",
    tables,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UTCDateTime, nullable=False),
    Column("author", String(200), nullable=False),
    Column("comment", Text, nullable=False, default=""),
    Column("rolled_back_to", BigInteger),
    Column("changes", Json, nullable=False, default=list),
)

definition = Table(
    "plumbline_definition",
    tables,
    Column("name", String(60), primary_key=True),
    Column("catalog_version", BigInteger, primary_key=True, autoincrement=False),
    Column("document", JSON, comment="null: the definition was withdrawn in this version"),
    Column("pack", String(60), nullable=False, default=""),
    Index("ix_plumbline_definition_version", "catalog_version"),
)

pack = Table(
    "plumbline_pack",
    tables,
    Column("name", String(60), primary_key=True),
    Column("catalog_version", BigInteger, primary_key=True, autoincrement=False),
    Column("version", String(60), nullable=False, comment="empty: the pack was uninstalled in this catalog version"),
    Column("title", String(200), nullable=False),
    Column("requires", Json, nullable=False, default=list),
    Column("documents", JSON, nullable=False, comment="the definitions as shipped: what an upgrade compares with"),
)

draft = Table(
    "plumbline_draft",
    tables,
    Column("name", String(60), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
)

own_draft = Table(
    "plumbline_own_draft",
    tables,
    Column("owner", String(200), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("document", JSON, nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("author", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    comment="Private drafts, beside the shared one of plumbline_draft.",
)

draft_step = Table(
    "plumbline_draft_step",
    tables,
    Column("name", String(60), primary_key=True),
    Column("owner", String(200), primary_key=True, comment="empty: the shared draft"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", JSON, nullable=False, comment="the draft after this step; number 0: before the first"),
    Column("message", Text, nullable=False, default=""),
    Column("params", Json, nullable=False, default=dict),
    Column("author", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("undone", Boolean, nullable=False, default=False),
)

draft_seen = Table(
    "plumbline_draft_seen",
    tables,
    Column("name", String(60), primary_key=True),
    Column("account", String(200), primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    comment="Who had a definition open in the designer, and when last.",
)

stage = Table(
    "plumbline_stage",
    tables,
    Column("id", Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("author", String(200), nullable=False),
    Column("comment", Text, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("options", JSON, nullable=False, comment="bases, confirm, drafts and rolled_back_to of the publish"),
    Column("columns", JSON, nullable=False, comment="by table the columns that are filled ahead, with their markers"),
    Column("job", BigInteger),
    comment="A publish on its way: its values are made beside the records before it is in force.",
)

purged = Table(
    "plumbline_purged",
    tables,
    Column("id", Id, primary_key=True),
    Column("definition", String(60), nullable=False),
    Column("column", String(60), nullable=False, comment="empty: the whole table"),
    Column("catalog_version", BigInteger, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
)

file = Table(
    "plumbline_file",
    tables,
    Column("id", Uuid, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(120), nullable=False, comment="by its content; the browser's claim is not kept"),
    Column("uploaded_by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Index("ix_plumbline_file_at", "at"),
    Index("ix_plumbline_file_uploaded_by", "uploaded_by"),
    comment="What was uploaded; its content is in plumbline_file_part.",
)

file_part = Table(
    "plumbline_file_part",
    tables,
    Column("file", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),
)

file_use = Table(
    "plumbline_file_use",
    tables,
    Column("file", Uuid, primary_key=True),
    Column("definition", String(60), primary_key=True),
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("column", String(60), primary_key=True, comment="of the record's table, which keeps its name for life"),
    Index("ix_plumbline_file_use_record", "definition", "record_id"),
    comment="Which records hold a file or held it once; a file without a row here is not attached yet.",
)

audit = Table(
    "plumbline_audit",
    tables,
    Column("id", Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("action", String(20), nullable=False),
    Column("definition", String(60), nullable=False),
    Column("record_id", BigInteger),
    Column("record_version", Integer),
    Column("catalog_version", BigInteger, nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("note", Text),
    Index("ix_plumbline_audit_record", "definition", "record_id", "id"),
    Index("ix_plumbline_audit_at", "at"),
    Index("ix_plumbline_audit_actor", "actor", "id"),
)

outbox = Table(
    "plumbline_outbox",
    tables,
    Column("id", Id, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("topic", String(60), nullable=False),
    Column("definition", String(60), nullable=False, default=""),
    Column("payload", Json, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("catalog_version", BigInteger, nullable=False),
    Column("next_at", UTCDateTime, nullable=False),
    Column("claimed_at", UTCDateTime),
    Column("claimed_by", String(100)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("done_at", UTCDateTime),
    Column("error", Text),
    Index("ix_plumbline_outbox_open", "done_at", "next_at"),
)

survey_answered = Table(
    "plumbline_survey_answered",
    tables,
    Column("survey", String(60), primary_key=True),
    Column("people", Json, nullable=False, comment="who answered, sorted: one row, so that no order of coming is kept"),
    Column("anonymous", Boolean, nullable=False, comment="what was promised to them"),
    Column("minimum", Integer, nullable=False, comment="the fewest answers shown, as promised"),
)


def create(connection: Connection) -> None:
    """Create what is missing and the two state rows; safe to call again."""
    tables.create_all(connection)
    for index in audit.indexes:
        index.create(connection, checkfirst=True)  # one that came after the table
    present = set(connection.execute(state.select()).scalars())
    missing = [{"name": name, "version": 0} for name in (CATALOG, ACCESS) if name not in present]
    if missing:
        connection.execute(state.insert(), missing)
