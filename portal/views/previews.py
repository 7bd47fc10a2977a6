"""What a record's page shows of its files: pictures, the beginning of texts, and how to open or get each.

Called by the record's page. One statement for all files of the record, one more for each text.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from metadata import files
from metadata.files import File
from metadata.model import Field
from metadata.records import Record
from portal.extensions import db


@dataclass(frozen=True)
class Preview:
    """A file of the record; `text` is how it begins, where it is a text."""

    file: File
    text: str = ""


def of(fields: Iterable[Field], record: Record) -> dict[str, Preview]:
    """By field the file that the record holds in it; whoever sees the field may see its file."""
    values = {f.name: record.get(f.name) for f in fields if f.type == "attachment"}
    held = {name: value for name, value in values.items() if isinstance(value, uuid.UUID)}
    session = db.session()
    there = files.about(session, held.values()) if held else {}
    return {name: _preview(there[file_id]) for name, file_id in held.items() if file_id in there}


def _preview(one: File) -> Preview:
    return Preview(one, files.text_of(db.session(), one.id) if one.shown_as == "text" else "")
