"""What the portal tells this floor at start-up: how to reach the database, the catalog and people.

`portal/app.py` calls `queue.bind(Installation(...))` once per process; task shells and the engine's loops
then open units of work here. So nothing in `workflows` imports the web.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from metadata.engine import publishing, writing

UnitOfWork = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Person:
    """Whom a message goes to, as far as delivery needs to know."""

    account: str
    name: str = ""
    email: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Letter:
    """One message as it leaves the house: plain text for one person, with an id that never changes."""

    to: Person
    subject: str
    body: str
    message_id: str


class Sender(Protocol):
    """A way out. `send` raises `DeliveryFailed`; `open` gives a sender that keeps its connection for a batch."""

    def open(self) -> AbstractContextManager[Callable[[Letter], None]]: ...


UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Installation:
    """How this process reaches what it needs. `sender` is None where no mail server is set."""

    sessions: Callable[[], Session]
    catalog: Callable[[Session], Any]
    actor: Callable[[Session, Any, str], Any]
    person: Callable[[Session, Any, str], Person | None]
    sender: Sender | None = None
    base_url: str = ""
    uploads: Path = Path("data") / "uploads"
    zone: ZoneInfo = UTC_ZONE
    lease_seconds: float = 60.0
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class _Bound:
    installation: Installation | None = None


def bind(installation: Installation) -> None:
    """Say what this installation is, before the first task or nudge; a later call replaces it."""
    _Bound.installation = installation


def bound() -> Installation:
    """What was bound."""
    if _Bound.installation is None:
        msg = "queue.bind() was not called; portal/app.py does it at start-up"
        raise RuntimeError(msg)
    return _Bound.installation


@contextmanager
def unit_of_work(*, publishes: bool = False) -> Iterator[Session]:
    """A session that commits once at the end, or rolls back and re-raises; `publishes`: it changes definitions."""
    with publishing() if publishes else writing(), bound().sessions() as session, session.begin():
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only looks, so it takes no write lock."""
    with bound().sessions() as session:
        yield session
