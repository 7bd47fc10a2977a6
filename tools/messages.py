"""Joins the translations of all rooms (portal/translations/parts/<language>/*.po) into one compiled catalog."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

FIXED = datetime(2026, 1, 1, tzinfo=UTC)  # the same input gives the same file, so that branches don't collide
ROOT = Path(__file__).resolve().parent.parent / "portal" / "translations"


def main() -> None:
    """Write messages.po and messages.mo for each language; a message translated twice must agree."""
    for folder in sorted((ROOT / "parts").iterdir()):
        whole = Catalog(locale=folder.name, project="Plumbline", version="1", fuzzy=False, creation_date=FIXED)
        for part in sorted(folder.glob("*.po")):
            with part.open("rb") as file:
                for message in read_po(file, locale=folder.name):
                    if message.id:
                        whole.add(message.id, message.string, flags=message.flags)
        target = ROOT / folder.name / "LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        with (target / "messages.po").open("wb") as file:
            write_po(file, whole, sort_output=True, omit_header=False, width=120)
        with (target / "messages.mo").open("wb") as file:
            write_mo(file, whole)


if __name__ == "__main__":
    main()
