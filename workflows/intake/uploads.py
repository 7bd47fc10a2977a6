"""Uploaded files in the data directory: each in a folder of its own with a name that nobody can guess.

Called by the portal's import page, REST and the import job. What people called the file is kept as text and never
becomes a path. Only the account that uploaded a file reads it again; folders go after a week (`forget_old`).
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from metadata.errors import Invalid, NotFound

KEPT_DAYS = 7
TOKEN = re.compile(r"[0-9a-f]{32}")
LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    """One file: its token, whose it is, for which definition, and what it was called."""

    token: str
    account: str
    definition: str
    filename: str
    at: str


def store(
    folder: Path, save: Callable[[Path], object], *, account: str, definition: str, filename: str, now: datetime
) -> Upload:
    """Keep a file; `save(path)` writes it."""
    upload = Upload(secrets.token_hex(16), account, definition, filename[:LONGEST_NAME], now.isoformat())
    place = folder / upload.token
    place.mkdir(parents=True, mode=0o700)
    save(place / "file")
    if not (place / "file").stat().st_size:
        shutil.rmtree(place)
        raise Invalid("The file is empty.", field="file")
    (place / "about.json").write_text(json.dumps(asdict(upload)), encoding="utf-8")
    return upload


def find(folder: Path, token: str, account: str) -> tuple[Upload, Path]:
    """An upload of this account, and where it is; raises NotFound for a strange, foreign or forgotten one."""
    about = folder / token / "about.json"
    if not TOKEN.fullmatch(token) or not about.is_file():
        raise NotFound("This upload is no longer there; choose the file again.")
    upload = Upload(**json.loads(about.read_text(encoding="utf-8")))
    if upload.account != account:
        raise NotFound("This upload is no longer there; choose the file again.")
    return upload, about.with_name("file")


def forget_old(folder: Path, now: datetime) -> int:
    """Delete what was uploaded a week ago."""
    limit = (now - timedelta(days=KEPT_DAYS)).isoformat()
    gone = 0
    for about in folder.glob("*/about.json"):
        if json.loads(about.read_text(encoding="utf-8"))["at"] < limit:
            shutil.rmtree(about.parent, ignore_errors=True)
            gone += 1
    return gone
