"""Writing accounts: create, change, password, remove; each with its audit row, in the caller's transaction.

Called by the pages and the command line inside a unit of work. Every function first holds the account's row, then asks
`rules`, so that two people who decide at the same time can't get past it. A password is never told to anybody but
the caller, and never written down.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from metadata import audit, records, store
from metadata.access import ADMIN, Actor
from metadata.audit import Happening
from metadata.catalog import Catalog
from metadata.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, StaleVersion
from metadata.records import Filter, Query
from portal.accounts import rules
from workflows import accounts

AREA = "@account"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that can be mistaken for another
MISSING = "There is no such account, or it is not yours to manage."
NOT_SAVED = "Nothing was saved yet: please correct the marked values (%(count)s)."
STALE = "%(who)s changed this account in the meantime. Nothing of yours was saved yet."
LAST_ADMIN = "This is the last active account with the role Admin; give the role to another account first."
YOURSELF = "You can't take this away from your own account; ask another HR admin or IT."


@dataclass(frozen=True)
class Wanted:
    """An account as somebody wants it; `language` None: what the browser asks for."""

    username: str
    first_name: str
    last_name: str
    email: str
    roles: tuple[str, ...]
    active: bool = True
    language: str | None = None


def one_time_password() -> str:
    """A password that can be read out on the telephone."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def find(session: Session, actor: Actor, user_id: int, *, lock: bool = False) -> User:
    """The account, with its roles; raises NotFound for one that is not this actor's business."""
    statement = select(User).where(User.id == user_id).execution_options(populate_existing=True)
    user = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if user is None or not rules.may_touch(actor, role_names(user)):
        raise NotFound(MISSING)
    return user


def role_names(user: User) -> frozenset[str]:
    """The names of an account's roles."""
    return frozenset(role.name for role in user.roles)


def version_of(user: User) -> str:
    """What a form carries, to find out whether somebody was faster."""
    return user.changed_on.isoformat() if user.changed_on else ""


def create(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    wanted: Wanted,
    password: str,
    *,
    now: datetime,
    employee_id: int | None = None,
    one_time: bool = True,
) -> User:
    """Add an account; with `employee_id` that person's record names it from now on."""
    if not rules.may_manage(actor):
        raise NotAllowed("Accounts are managed by HR and IT.")
    problems = _problems(session, wanted)
    named = rules.username_problem(wanted.username) or _taken(session, wanted.username)
    problems += [named] if named else []
    roles, wrong = _roles(session, actor, wanted.roles)
    _refuse(problems + wrong)
    moment = now.replace(tzinfo=None)
    user = User(
        username=wanted.username, first_name=wanted.first_name, last_name=wanted.last_name, email=wanted.email,
        active=wanted.active, roles=roles, password=generate_password_hash(password), login_count=0,
        fail_login_count=0, created_on=moment, changed_on=moment,
    )  # fmt: skip
    session.add(user)
    session.flush()
    accounts.remember(session, wanted.username, language=wanted.language, must_change=one_time)
    if employee_id is not None:
        _tie(session, catalog, actor, employee_id, wanted.username, now)
    _note(session, catalog, actor, now, Happening("create", user.id, 0, None, _told(user)))
    return user


def change(
    session: Session,
    catalog: Catalog,
    actor: Actor,
    user_id: int,
    wanted: Wanted,
    *,
    now: datetime,
    version: str | None = None,
) -> User:
    """Change names, address, roles, language and state; the user name stays what history calls the person."""
    user = find(session, actor, user_id, lock=True)
    if version is not None and version != version_of(user):
        raise StaleVersion(STALE, params={"who": _changer(session, user)})
    before, had = _told(user), role_names(user)
    problems = _problems(session, wanted, but=user)
    roles, wrong = _roles(session, actor, wanted.roles)
    problems += wrong + _own(session, actor, user, wanted, had)
    _refuse(problems)
    user.first_name, user.last_name, user.email = wanted.first_name, wanted.last_name, wanted.email
    user.roles, user.active = roles, wanted.active
    accounts.remember(session, user.username, language=wanted.language)
    if not user.active:
        accounts.end_all(session, user.username)
    _touch(session, user, now)
    after = _told(user)
    changed = {k for k in after if after[k] != before[k]}
    if changed:
        happening = Happening("change", user.id, 0, {k: before[k] for k in changed}, {k: after[k] for k in changed})
        _note(session, catalog, actor, now, happening)
    return user


def set_password(
    session: Session, catalog: Catalog, actor: Actor, user_id: int, password: str, *, now: datetime
) -> User:
    """Give an account a one-time password: all its logins end, and it must be changed at the next."""
    user = find(session, actor, user_id, lock=True)
    user.password = generate_password_hash(password)
    accounts.end_all(session, user.username)
    accounts.remember(session, user.username, must_change=True)
    _touch(session, user, now)
    _note(session, catalog, actor, now, Happening("password", user.id, 0))
    return user


def set_password_of(
    session: Session, catalog: Catalog, actor: Actor, username: str, password: str, *, now: datetime
) -> None:
    """A password for the account of this name that may stay: the operator's way in."""
    user = set_password(session, catalog, actor, _id_of(session, username), password, now=now)
    accounts.remember(session, user.username, must_change=False)


def change_own_password(
    session: Session, catalog: Catalog, actor: Actor, current: str, new: str, again: str, *, now: datetime, login: int
) -> None:
    """The person's own new password; the other logins end. Raises Invalid with the problem at its field."""
    user = session.scalars(select(User).where(User.username == actor.username).with_for_update()).one()
    problems = []
    if not check_password_hash(user.password or "", current):
        problems.append(Problem("/current", "This is not your current password."))
    elif current == new:
        problems.append(Problem("/password", "The new password is the old one; choose another."))
    problems += (
        [] if problems else rules.password_problems(new, (user.username, user.first_name, user.last_name, user.email))
    )
    if new != again:
        problems.append(Problem("/again", "The two new passwords differ."))
    _refuse(problems)
    user.password = generate_password_hash(new)
    accounts.end_all(session, user.username, but=login)
    accounts.remember(session, user.username, must_change=False)
    _touch(session, user, now)
    _note(session, catalog, actor, now, Happening("password", user.id, 0))


def remove(session: Session, catalog: Catalog, actor: Actor, user_id: int, *, now: datetime) -> None:
    """Delete an account that left no trace; one that did something is only deactivated, for history's sake."""
    user = find(session, actor, user_id, lock=True)
    gone = Wanted(user.username, user.first_name, user.last_name, user.email, (), active=False)
    wrong = _own(session, actor, user, gone, role_names(user))
    if wrong:
        raise Conflict(wrong[0].message)
    acted = store.audit.c
    if session.execute(select(acted.id).where(acted.actor == user.username).limit(1)).first() is not None:
        raise Conflict("The history names this account, so it can't be deleted; deactivate it instead.")
    for record in _records_of(session, catalog, actor, user.username):
        _tie(session, catalog, actor, record.id, None, now)
    mine = update(User).execution_options(synchronize_session=False)
    session.execute(mine.where(User.created_by_fk == user.id).values(created_by_fk=None))
    session.execute(mine.where(User.changed_by_fk == user.id).values(changed_by_fk=None))
    accounts.forget(session, user.username)
    _note(session, catalog, actor, now, Happening("remove", user.id, 0, _told(user)))
    session.delete(user)
    session.flush()


def set_roles(
    session: Session, catalog: Catalog, actor: Actor, username: str, names: Sequence[str], *, now: datetime
) -> User:
    """Give an account exactly these roles."""
    user_id = _id_of(session, username)
    user = find(session, actor, user_id)
    chosen = accounts.remembered(session, username).get("language")
    wanted = Wanted(
        username, user.first_name, user.last_name, user.email, tuple(names), bool(user.active), language=chosen
    )
    return change(session, catalog, actor, user_id, wanted, now=now)


def _id_of(session: Session, username: str) -> int:
    found = session.scalars(select(User.id).where(User.username == username)).one_or_none()
    if found is None:
        raise NotFound("There is no account “%(name)s”.", params={"name": username})
    return found


def _problems(session: Session, wanted: Wanted, but: User | None = None) -> list[Problem]:
    found = []
    if not wanted.first_name:
        found.append(Problem("/first_name", "This field is required."))
    found += [
        Problem(f"/{name}", "At most %(count)s characters are possible here.", {"count": 64})
        for name in ("first_name", "last_name")
        if len(getattr(wanted, name)) > 64
    ]
    if not rules.EMAIL.fullmatch(wanted.email) or len(wanted.email) > 320:
        found.append(Problem("/email", "An e-mail address is expected, such as ada@example.com."))
    else:
        same = select(User.username).where(func.lower(User.email) == wanted.email.lower())
        other = session.scalars(same.where(User.id != but.id) if but is not None else same).first()
        if other is not None:
            found.append(Problem("/email", "The account “%(name)s” has this address already.", {"name": other}))
    if wanted.language not in (None, "en", "zh"):
        found.append(Problem("/language", "Choose one of the languages."))
    if not wanted.roles:
        found.append(Problem("/roles", "An account needs at least one role."))
    return found


def _taken(session: Session, username: str) -> Problem | None:
    same = select(User.username).where(func.lower(User.username) == username.lower())
    other = session.scalars(same).first()
    return Problem("/username", "There is an account “%(name)s” already.", {"name": other}) if other else None


def _roles(session: Session, actor: Actor, names: Sequence[str]) -> tuple[list[Role], list[Problem]]:
    """The roles themselves, and a problem for each that is missing or not this person's to give."""
    found = list(session.scalars(select(Role).where(Role.name.in_(names)).order_by(Role.name)))
    allowed = set(rules.grantable(actor, [role.name for role in found]))
    wrong = [n for n in names if n not in allowed]
    return found, [Problem("/roles", "The role “%(name)s” is not yours to give.", {"name": n}) for n in wrong]


def _own(session: Session, actor: Actor, user: User, wanted: Wanted, had: frozenset[str]) -> list[Problem]:
    """Nobody locks themselves out, and somebody stays who can do everything."""
    if user.username == actor.username:
        if not wanted.active:
            return [Problem("/active", YOURSELF)]
        lost = (had - set(wanted.roles)) & {rules.HR, ADMIN}
        if lost and not rules.may_manage(Actor(actor.username, frozenset(wanted.roles))):
            return [Problem("/roles", YOURSELF)]
    if ADMIN in had and (ADMIN not in wanted.roles or not wanted.active):
        locked = select(Role.id).where(Role.name == ADMIN).with_for_update()
        session.execute(locked)
        others = (
            select(func.count())
            .select_from(User)
            .where(User.active.is_(True), User.id != user.id, User.roles.any(Role.name == ADMIN))
        )
        if not session.scalar(others):
            return [Problem("/active" if not wanted.active else "/roles", LAST_ADMIN)]
    return []


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)


def _records_of(session: Session, catalog: Catalog, actor: Actor, username: str) -> Sequence[Any]:
    person = catalog.person
    if person is None or person.definition.directory is None:
        return ()
    asked = Query(filters=(Filter(person.definition.directory.account, "eq", username),))
    return records.select(session, catalog, person.name, actor, asked).rows


def _tie(
    session: Session, catalog: Catalog, actor: Actor, employee_id: int, username: str | None, now: datetime
) -> None:
    """Let a person's record name the account."""
    person = catalog.person
    if person is None or person.definition.directory is None:
        raise NotFound("No definition holds people.")
    values = {person.definition.directory.account: username}
    records.change(session, catalog, person.name, actor, employee_id, values, now=now)


def _touch(session: Session, user: User, now: datetime) -> None:
    user.changed_on = now.replace(tzinfo=None)
    session.flush()


def _changer(session: Session, user: User) -> str:
    rows = store.audit.c
    mine = select(rows.actor).where(rows.definition == AREA, rows.record_id == user.id).order_by(rows.id.desc())
    return session.scalars(mine.limit(1)).first() or "?"


def _told(user: User) -> Mapping[str, Any]:
    """What history keeps of an account: never its password."""
    return {
        "username": user.username,
        "name": f"{user.first_name} {user.last_name}".strip(),
        "email": user.email,
        "roles": sorted(role_names(user)),
        "active": bool(user.active),
    }


def _note(session: Session, catalog: Catalog, actor: Actor, now: datetime, happening: Happening) -> None:
    audit.note(session, AREA, happening, catalog_version=catalog.version, actor=actor, now=now)
