"""Settings: each is one row, read from the environment once, checked before anything starts.

Called by `portal.app.create_app` and the command line. An unknown `PLUMBLINE_*` name or a malformed value
stops the start with one sentence that names it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from metadata.errors import Invalid

LANGUAGES = ("en", "zh")
SHORTEST_KEY = 32
MOST_MEGABYTES = 1000


def _database(value: str) -> str:
    if make_url(value).get_backend_name() not in ("sqlite", "postgresql"):
        raise ValueError
    return value.replace("postgresql://", "postgresql+psycopg://", 1)


def _broker(value: str) -> str:
    if value and value.split(":", 1)[0].split("+", maxsplit=1)[0] not in (
        "redis",
        "rediss",
        "amqp",
        "amqps",
        "pyamqp",
        "sqla",
    ):
        raise ValueError
    return value


def _bind(value: str) -> str:
    host, port = value.rsplit(":", 1)
    if not host or not 0 < int(port) < 65536:
        raise ValueError
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError
    return value


def _smtp(value: str) -> str:
    if value and not value.startswith(("smtp://", "smtps://")):
        raise ValueError
    return value


def _megabytes(value: str) -> int:
    number = int(value)
    if not 0 < number <= MOST_MEGABYTES:
        raise ValueError
    return number * 1_000_000


def _secret(value: str) -> str:
    if value and (len(value) < SHORTEST_KEY or len(set(value)) < SHORTEST_KEY // 4):
        raise ValueError
    return value


@dataclass(frozen=True)
class Setting:
    """One setting: its name, how it is read, what it is when unset, what it should look like."""

    name: str
    read: Callable[[str], Any]
    default: str
    expected: str
    meaning: str


SETTINGS = (
    Setting(
        "DATABASE_URL",
        _database,
        "",
        "sqlite:///… or postgresql://…",
        "The database; SQLite in the data directory when unset.",
    ),
    Setting("BROKER_URL", _broker, "", "redis://… or amqp://…", "The queue; SQLite in the data directory when unset."),
    Setting("DATA_DIR", str, "data", "a folder", "Where the database, the queue and the secret key are kept."),
    Setting(
        "SECRET_KEY",
        _secret,
        "",
        "at least 32 varied characters",
        "Signs sessions; generated and kept in the data directory when unset.",
    ),
    Setting("BIND", _bind, "127.0.0.1:8080", "host:port", "The address that the web process listens on."),
    Setting(
        "SMTP_URL", _smtp, "", "smtp://user:password@host:port", "The mail server; without one, only the inbox is used."
    ),
    Setting(
        "TIMEZONE",
        _zone,
        "Asia/Shanghai",
        "an IANA name such as Europe/Berlin",
        "The time zone of dates and deadlines.",
    ),
    Setting("FILE_LIMIT", _megabytes, "10", "1 to 1000", "The most megabytes of an attached file."),
    Setting("LANGUAGE", _language, "en", "en or zh", "The language of those who have not chosen one."),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one installation, checked."""

    database_url: str
    broker_url: str
    data_dir: Path
    secret_key: str
    bind: str
    smtp_url: str
    timezone: str
    file_limit: int
    language: str

    @property
    def zone(self) -> ZoneInfo:
        """The installation's time zone."""
        return ZoneInfo(self.timezone)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment; raises Invalid naming the setting that is unknown or malformed."""
    given = {
        k: v for k, v in (os.environ if environment is None else environment).items() if k.startswith("PLUMBLINE_")
    }
    known = {f"PLUMBLINE_{s.name}": s for s in SETTINGS}
    for name in sorted(given):
        if name not in known and not name.startswith("PLUMBLINE_TEST_"):
            raise Invalid(
                "There is no setting %(name)s; the settings are: %(known)s.",
                params={"name": name, "known": ", ".join(known)},
            )
    values = {s.name.lower(): _read(s, given.get(f"PLUMBLINE_{s.name}", s.default)) for s in SETTINGS}
    folder = Path(values.pop("data_dir")).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    values["database_url"] = values["database_url"] or f"sqlite:///{folder / 'plumbline.sqlite'}"
    values["broker_url"] = values["broker_url"] or f"sqla+sqlite:///{folder / 'queue.sqlite3'}"
    values["secret_key"] = values["secret_key"] or _kept_key(folder / "secret_key")
    return Settings(data_dir=folder, **values)


def _read(setting: Setting, value: str) -> Any:
    try:
        return setting.read(value) if value else value
    except (ValueError, ArgumentError):
        raise Invalid(
            "PLUMBLINE_%(name)s is not usable; expected is %(expected)s.",
            params={"name": setting.name, "expected": setting.expected},
        ) from None


def _kept_key(path: Path) -> str:
    """The key in the data directory; the first process to come makes it, readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key
