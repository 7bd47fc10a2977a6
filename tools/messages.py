"""Joins the translations of all rooms (portal/translations/parts/<language>/*.po) into one compiled catalog."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

FIXED = datetime(2026, 1, 1, tzinfo=UTC)  # the same input gives the same file, so that branches don't collide
ROOT = Path(__file__).resolve().parent.parent / "portal" / "translations"


def main(root: Path = ROOT) -> list[str]:
    """Write the messages of each language. Those translated in two ways are answered, and nothing is written."""
    wholes: dict[str, Catalog] = {}
    clashes: list[str] = []
    for folder in sorted((root / "parts").iterdir()):
        whole = Catalog(locale=folder.name, project="Plumbline", version="1", fuzzy=False, creation_date=FIXED)
        rooms: dict[object, str] = {}
        for part in sorted(folder.glob("*.po")):
            with part.open("rb") as file:
                for message in read_po(file, locale=folder.name):
                    if not message.id:
                        continue
                    first = whole.get(message.id, message.context)
                    if first is not None and first.string != message.string:
                        room = rooms[first.id, first.context]
                        here = part.relative_to(root)
                        clashes.append(f"{message.id!r}: {first.string!r} in {room}, {message.string!r} in {here}")
                        continue
                    whole.add(message.id, message.string, flags=message.flags, context=message.context)
                    rooms.setdefault((message.id, message.context), str(part.relative_to(root)))
        wholes[folder.name] = whole
    if not clashes:
        for language, whole in wholes.items():
            target = root / language / "LC_MESSAGES"
            target.mkdir(parents=True, exist_ok=True)
            with (target / "messages.po").open("wb") as file:
                write_po(file, whole, sort_output=True, omit_header=False, width=120)
            with (target / "messages.mo").open("wb") as file:
                write_mo(file, whole)
    return clashes


if __name__ == "__main__":
    if two_ways := main():
        sys.exit("One message is translated in two ways; keep one of each:\n" + "\n".join(two_ways))
