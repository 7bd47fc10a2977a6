"""Accounts from the command line: create, password, role. The same services as the pages, acting as IT."""

from __future__ import annotations

import click

from metadata import access
from portal import app as portal_app
from portal import units
from portal.accounts import service
from portal.accounts.service import Wanted
from portal.cli.output import answer, json_option

OPERATOR = access.system("plumbline")


@click.group()
def user() -> None:
    """Accounts. Example: plumbline user create ada --role Admin --email ada@example.com"""


@user.command()
@click.argument("username")
@click.option("--role", required=True)
@click.option("--email", required=True)
@click.option("--first", default="")
@click.option("--last", default="")
@click.password_option()
@json_option
def create(username: str, role: str, email: str, first: str, last: str, password: str, as_json: bool) -> None:
    """Add an account. Example: plumbline user create ada --role "HR admin" --email ada@example.com"""
    wanted = Wanted(username, first or username, last, email, (role,))
    with portal_app.create_app().app_context():
        units.write(lambda s, c: service.create(s, c, OPERATOR, wanted, password, now=units.utcnow(), one_time=False))
    answer({"account": username}, [f"Account {username} was added."], as_json)


@user.command("password")
@click.argument("username")
@click.password_option()
@json_option
def set_password(username: str, password: str, as_json: bool) -> None:
    """Set a new password. Example: plumbline user password ada"""
    with portal_app.create_app().app_context():
        units.write(lambda s, c: service.set_password_of(s, c, OPERATOR, username, password, now=units.utcnow()))
    answer({"account": username}, ["The password was changed."], as_json)


@user.command("role")
@click.argument("username")
@click.argument("roles", nargs=-1, required=True)
@json_option
def set_roles(username: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Give an account exactly these roles. Example: plumbline user role ada "HR admin" Trainer"""
    with portal_app.create_app().app_context():
        units.write(lambda s, c: service.set_roles(s, c, OPERATOR, username, roles, now=units.utcnow()))
    answer({"account": username, "roles": roles}, ["The roles were set."], as_json)
