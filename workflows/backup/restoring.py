"""Reads a backup back: first the whole file is judged, then everything is written in one transaction, or nothing.

Called by the command line on a migrated database. What was there goes with `replace`; the catalog then gets a later
version than both had, so that no process goes on with definitions it remembers.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

import orjson
from sqlalchemy import JSON, Connection, Engine, MetaData, Table, func, insert, inspect, select, text
from sqlalchemy import Sequence as DbSequence
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from metadata import migrate, store, stored, versions
from metadata.engine import publishing
from metadata.errors import Invalid
from workflows.backup.archive import FORMAT, MANIFEST, Manifest, Member, decoder, manifest_from, rows_at_once

BLOCK = 1 << 20
DAMAGED = "This backup is damaged (%(what)s); nothing was changed. Take another copy of it."
NEWER = "This backup was made by a newer version of the program (%(what)s); install that version first."
NOT_EMPTY = "There is data in this installation already; --replace puts the backup in its place."


def verify(source: IO[bytes], product: str) -> Manifest:
    """Read the file from end to end; raises Invalid when it is damaged, foreign or from a newer version."""
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = manifest_from(orjson.loads(archive.read(MANIFEST)))
            if manifest.format > FORMAT or _number(manifest.product) > _number(product):
                raise Invalid(NEWER, params={"what": manifest.product})
            for member in (*manifest.tables.values(), *manifest.uploads.values()):
                _check(archive, member)
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError, OSError, zlib.error) as error:
        what = str(error) or type(error).__name__
        raise Invalid(DAMAGED, params={"what": what.strip("'\"")}) from None
    return manifest


def is_empty(session: Session, users: Table) -> bool:
    """Whether nobody has worked with this installation yet: no definition was published, nobody has an account."""
    if versions.read(session).catalog:
        return False
    return session.execute(select(func.count()).select_from(users)).scalar_one() == 0


def restore(
    source: IO[bytes],
    manifest: Manifest,
    engine: Engine,
    fixed: Sequence[MetaData],
    uploads: Path,
    *,
    replacing: bool,
    now: datetime,
) -> int:
    """Put a verified backup in place; the catalog version in force afterwards."""
    with (
        zipfile.ZipFile(source) as archive,
        _uploads(archive, manifest, uploads),
        publishing(),
        Session(engine) as session,
        session.begin(),
    ):
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": versions.LOCK_KEY})
        before = versions.read(session)
        left = list(versions.documents(session))
        with _unlinked(connection, records=False):
            _empty(connection, fixed)
            for table in (t for md in fixed for t in md.sorted_tables):
                _fill(archive, connection, manifest, table)
        found = stored.every(session)
        stored.create(connection, found)
        with _unlinked(connection, records=True):
            for one in found:
                _fill(archive, connection, manifest, one.table)
            for side in (table for one in found for table in one.sides):
                _fill(archive, connection, manifest, side)
        _refuse_unread(manifest, fixed, found)
        _continue_numbers(connection, [*(t for md in fixed for t in md.sorted_tables), *_made(found)])
        if migrate.unchecked_links(connection):
            raise Invalid(DAMAGED, params={"what": "references without their record"})
        return _go_on(session, before, left, now) if replacing else versions.read(session).catalog


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _check(archive: zipfile.ZipFile, member: Member) -> None:
    parts = PurePosixPath(member.path).parts
    if ".." in parts or PurePosixPath(member.path).is_absolute():
        raise ValueError(f"{member.path} leads out of the archive")
    digest, size = hashlib.sha256(), 0
    with archive.open(member.path) as file:
        while block := file.read(BLOCK):
            digest.update(block)
            size += len(block)
    if size != member.bytes or digest.hexdigest() != member.sha256:
        raise ValueError(f"{member.path} is not what was written")


def _empty(connection: Connection, fixed: Sequence[MetaData]) -> None:
    """Rows of the fixed tables go, tables of records go; their keys are off."""
    for md in fixed:
        for table in reversed(md.sorted_tables):
            connection.execute(table.delete())
    for name in inspect(connection).get_table_names():
        if name.startswith(stored.PREFIXES):
            cascade = " CASCADE" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f'DROP TABLE "{name}"{cascade}')


def _fill(archive: zipfile.ZipFile, connection: Connection, manifest: Manifest, table: Table) -> None:
    member = manifest.tables.get(table.name)
    if member is None or not member.rows:
        return
    target = table.to_metadata(MetaData())
    unknown = [name for name in member.columns if name not in {c.name for c in target.columns}]
    if unknown:
        raise Invalid(NEWER, params={"what": f"{table.name}.{unknown[0]}"})
    columns = [next(c for c in target.columns if c.name == name) for name in member.columns]
    for column in columns:
        if isinstance(column.type, JSON):  # here None is no value, and JSON's null is said
            own = JSONB if connection.dialect.name == "postgresql" and _is_binary(connection, column.type) else JSON
            column.type = own(none_as_null=True)
    readers = [decoder(column.type) for column in columns]
    count, block, some = 0, [], rows_at_once(table)
    with archive.open(member.path) as lines:
        for line in lines:
            values = orjson.loads(line)
            block.append(
                {
                    column.key: value if value is None or reader is None else reader(value)
                    for column, reader, value in zip(columns, readers, values, strict=True)
                }
            )
            if len(block) == some:
                connection.execute(insert(target), block)
                count, block = count + len(block), []
    if block:
        connection.execute(insert(target), block)
        count += len(block)
    if count != member.rows:
        raise Invalid(DAMAGED, params={"what": f"{table.name} has {count} rows of {member.rows}"})


def _is_binary(connection: Connection, kind: JSON) -> bool:
    return isinstance(kind.dialect_impl(connection.dialect), JSONB)


def _made(found: list[stored.Stored]) -> list[Table]:
    """The tables that come from definitions: of records, then of their lists."""
    return [*(one.table for one in found), *(table for one in found for table in one.sides)]


def _refuse_unread(manifest: Manifest, fixed: Sequence[MetaData], found: list[stored.Stored]) -> None:
    known = {t.name for md in fixed for t in md.sorted_tables} | {table.name for table in _made(found)}
    for name in manifest.tables:
        if name not in known:
            raise Invalid(NEWER, params={"what": name})


@contextmanager
def _unlinked(connection: Connection, *, records: bool) -> Iterator[None]:
    """On PostgreSQL foreign keys are taken off and put on again, checked, at the end; SQLite has them off here."""
    keys: list[Any] = []
    if connection.dialect.name == "postgresql":
        listing = text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(pg_constraint.oid) "
            "FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE contype = 'f' "
            "AND connamespace = current_schema()::regnamespace AND relname ^@ ANY (:prefixes) = :records"
        )
        keys = list(connection.execute(listing, {"prefixes": list(stored.PREFIXES), "records": records}))
    for table, name, _definition in keys:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    yield
    for table, name, definition in keys:
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}".replace(":", "\\:")))


def _continue_numbers(connection: Connection, tables: Sequence[Table]) -> None:
    """The next id follows the highest; SQLite sees to that by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key:
            if column.type.python_type is not int:
                continue
            own = column.default
            named = own.name if isinstance(own, DbSequence) else None
            asking = text("SELECT pg_get_serial_sequence(:table, :column)")
            given = {"table": f'"{table.name}"', "column": column.name}
            sequence = named or connection.execute(asking, given).scalar()
            if sequence:
                last = connection.execute(select(func.max(column))).scalar()
                connection.execute(
                    text("SELECT setval(CAST(:name AS regclass), :last, :used)"),
                    {"name": sequence, "last": last or 1, "used": last is not None},
                )


def _go_on(session: Session, before: versions.Versions, left: Sequence[str], now: datetime) -> int:
    """A catalog version later than any that was in force, saying the restored definitions once more."""
    connection, restored = session.connection(), versions.read(session)
    documents = versions.documents(session)
    version = max(before.catalog, restored.catalog) + 1
    rows = [
        {"name": name, "catalog_version": version, "document": documents.get(name), "pack": ""}
        for name in sorted({*documents, *left})
    ]
    if rows:
        connection.execute(insert(store.definition), rows)
    entry = {"version": version, "at": now, "author": "plumbline", "comment": "Restored from a backup", "changes": []}
    connection.execute(insert(store.catalog_version), [{**entry, "rolled_back_to": restored.catalog or None}])
    for name, number in ((store.CATALOG, version), (store.ACCESS, max(before.access, restored.access) + 1)):
        connection.execute(store.state.update().where(store.state.c.name == name).values(version=number))
    return version


@contextmanager
def _uploads(archive: zipfile.ZipFile, manifest: Manifest, uploads: Path) -> Iterator[None]:
    """The uploads of the backup in place of those that are there; back again when what follows fails."""
    uploads.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".uploads-", dir=uploads.parent))
    aside = fresh.with_name(fresh.name + "-before")
    try:
        for name, member in manifest.uploads.items():
            target = fresh / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member.path) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
        try:
            if uploads.exists():
                uploads.rename(aside)
            fresh.rename(uploads)
            yield
        except BaseException:
            shutil.rmtree(uploads, ignore_errors=True)
            if aside.exists():
                aside.rename(uploads)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)
