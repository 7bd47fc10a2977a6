"""The person behind a request: an account as the framework knows it, and what this login adds.

`Known` keeps accounts with their roles for one access version, apart from any session, so that most requests need not
load them; every change of an account or a role raises that version (portal/security.py). Whether the account is
active and the login lasts is asked anew by each request.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from flask_appbuilder.security.sqla.models import User
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session, joinedload

KEPT = 5000
WHOLE = select(User).options(joinedload(User.roles))


@dataclass(frozen=True, eq=False)
class SignedIn:
    """An account in a request; everything else (name, roles, how to know it again) is the account's own."""

    account: User
    language: str | None
    theme: str | None
    timezone: str | None
    must_change: bool
    login_id: int | None

    def __getattr__(self, name: str) -> Any:
        """What the framework asks of an account."""
        return getattr(self.account, name)


class Known:
    """Accounts of this process by number, each valid for one access version."""

    def __init__(self) -> None:
        self._found: OrderedDict[int, tuple[int, User]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, connection: Connection, number: int, version: int) -> User | None:
        """The account with its roles as of this access version; None where it was deleted a moment ago."""
        kept = self._found.get(number)
        if kept is not None and kept[0] == version:
            return kept[1]
        with Session(connection, join_transaction_mode="rollback_only") as apart:
            user = apart.execute(WHOLE.where(User.id == number)).unique().scalar_one_or_none()
            apart.expunge_all()
        if user is not None:
            with self._lock:
                self._found[number] = (version, user)
                if len(self._found) > KEPT:
                    self._found.popitem(last=False)
        return user
