"""Writes a backup: every table from one snapshot of the database, the uploads, then the manifest.

Called by the command line while the portal serves. The snapshot is one read transaction (REPEATABLE READ on
PostgreSQL, a WAL reader on SQLite), so nobody waits and no row is torn from another.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Column, Connection, Engine, MetaData, Table, inspect, select
from sqlalchemy.orm import Session

from metadata import stored, versions
from workflows.backup.archive import FORMAT, MANIFEST, TABLES, UPLOADS, Manifest, Member, encode, is_json, rows_at_once

BLOCK = 1 << 20


def write(
    target: IO[bytes], engine: Engine, fixed: Sequence[MetaData], uploads: Path, *, product: str, now: datetime
) -> Manifest:
    """Fill the file; `fixed` are the tables that do not come from definitions."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        with _snapshot(engine) as connection, Session(connection) as session:
            version = versions.read(session).catalog
            tables = {name: _table(archive, connection, table) for name, table in _tables(session, fixed)}
        files = {name: _file(archive, name, path) for name, path in _files(uploads)}
        made_at = now.isoformat()
        manifest = Manifest(FORMAT, product, made_at, engine.dialect.name, version, tables, files)
        archive.writestr(MANIFEST, orjson.dumps(manifest.as_json(), option=orjson.OPT_INDENT_2))
    return manifest


def _snapshot(engine: Engine) -> Connection:
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.connect()


def _tables(session: Session, fixed: Sequence[MetaData]) -> Iterator[tuple[str, Table]]:
    """The tables that are there, with the columns that are there."""
    connection = session.connection()
    inspector = inspect(connection)
    there = set(inspector.get_table_names())
    known: Iterable[Table] = (
        *(table for md in fixed for table in md.sorted_tables),
        *(table for one in stored.every(session) for table in (one.table, *one.sides)),
    )
    for table in known:
        if table.name in there:
            held = {column["name"] for column in inspector.get_columns(table.name)}
            missing = [c for c in table.columns if c.name not in held]
            if not missing:
                yield str(table.name), table
            else:
                kept = [Column(c.name, c.type) for c in table.columns if c.name in held]
                yield str(table.name), Table(table.name, MetaData(), *kept)


def _table(archive: zipfile.ZipFile, connection: Connection, table: Table) -> Member:
    columns, some = list(table.columns), rows_at_once(table)
    documents = [position for position, column in enumerate(columns) if is_json(column)]
    told = [columns[position].is_(None) for position in documents]
    path, digest, size, count = f"{TABLES}{table.name}.jsonl", hashlib.sha256(), 0, 0
    statement = select(*columns, *told).order_by(*table.primary_key).execution_options(yield_per=some)
    rows = connection.execute(statement)
    with archive.open(path, "w", force_zip64=True) as member:
        for block in rows.partitions(some):
            lines = b"".join(_line(row, len(columns), documents) for row in block)
            member.write(lines)
            digest.update(lines)
            size, count = size + len(lines), count + len(block)
    return Member(path, size, digest.hexdigest(), count, tuple(c.name for c in columns))


def _line(row: Sequence[Any], width: int, documents: Sequence[int]) -> bytes:
    values = [*row[:width]]
    for place, position in enumerate(documents):
        values[position] = None if row[width + place] else [values[position]]
    plain = [value if isinstance(value, list) else encode(value) for value in values]
    return orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE)


def _files(uploads: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(uploads.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(uploads).as_posix(), path


def _file(archive: zipfile.ZipFile, name: str, path: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(UPLOADS + name, "w", force_zip64=True) as member:
        while block := source.read(BLOCK):
            member.write(block)
            digest.update(block)
            size += len(block)
    return Member(UPLOADS + name, size, digest.hexdigest())
