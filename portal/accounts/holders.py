"""Who holds roles: active accounts with all their roles, a few of them and how many there are.

Called by the matrix page, which counts what a change of rules means for people.
"""

from __future__ import annotations

from collections.abc import Collection

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload


def holders(session: Session, roles: Collection[str], most: int) -> tuple[dict[str, frozenset[str]], int]:
    """The first accounts by name that have one of these roles, each with all its roles; and how many have."""
    asked = (User.active.is_(True), User.roles.any(Role.name.in_(list(roles))))
    number = session.scalar(select(func.count()).select_from(User).where(*asked)) or 0
    first = select(User).where(*asked).order_by(User.username).limit(most).options(joinedload(User.roles))
    found = session.execute(first).unique().scalars()
    return {user.username: frozenset(role.name for role in user.roles) for user in found}, number
