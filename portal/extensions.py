"""The framework objects that one process shares; `portal.app` binds them to the application."""

from typing import Any

from flask import current_app, has_request_context
from flask_appbuilder.models.sqla.base import SQLA
from flask_sqlalchemy.session import Session
from flask_wtf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.orm import SessionTransaction

from metadata.engine import reads_now

READING = "plumbline_reading"
WRITES = "writes"


class RequestSession(Session):
    """A request's session: it asks without a transaction until something is written, and then has one to its end."""

    def get_bind(self, *about: Any, **more: Any) -> Any:
        """The engine that fits what the request does now."""
        bind = super().get_bind(*about, **more)
        if not reads_now():
            self.info[WRITES] = True
        elif WRITES not in self.info and has_request_context():
            return current_app.extensions[READING]
        return bind


@event.listens_for(RequestSession, "after_transaction_end")
def _ended(session: RequestSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(WRITES, None)


db = SQLA(session_options={"expire_on_commit": False, "class_": RequestSession})
csrf = CSRFProtect()
