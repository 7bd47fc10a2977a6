"""Files that come with a form: kept at once, so that a mistake elsewhere in the form does not lose them.

Called by the record forms, where no script sent the file ahead, and by REST. A form's inputs for a field are the id of
its file under the field's name, a file under `<field>-file`, and a box `<field>-remove`.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import abort, current_app, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from metadata import access, files
from metadata.catalog import Catalog
from metadata.errors import Invalid, Problem
from metadata.files import File
from metadata.model import Field
from metadata.records.write import NOT_SAVED
from portal import catalogs, units
from portal.access import current_actor


def keep(given: FileStorage, item: Field | None) -> File:
    """Keep an upload of this person; raises Invalid where it can't be taken, by the field `item` least of all."""
    actor, name = current_actor(), given.filename or ""

    def work(session: Session, _catalog: Catalog) -> File:
        given.stream.seek(0)  # the work may be done over
        made = files.receive(session, actor, name, given.stream, limit=limit(), now=units.utcnow())
        wrong = files.unfit(item, made.name, made.media_type, made.size) if item is not None else None
        if wrong is not None:
            raise Invalid(wrong.message, params=wrong.params, field="file")
        return made

    return units.write(work)


def limit() -> int:
    """The most bytes of a file in this installation."""
    return int(current_app.config["PLUMBLINE"].file_limit)


def field_named(definition: str, field: str) -> Field | None:
    """The field that an upload is for, if it was said; 404 where there is none that this person may fill."""
    if not definition and not field:
        return None
    catalog, actor = catalogs.current(), current_actor()
    if definition not in catalog:
        abort(404)
    free = [f for action in ("add", "edit") for f in access.writable_somewhere(actor, catalog[definition], action)]
    item = next((f for f in free if f.name == field and f.type == "attachment"), None)
    if item is None:
        abort(404)
    return item


def take(fields: Iterable[Field], typed: dict[str, str]) -> list[Problem]:
    """Put what the form brought into the texts `typed`; a problem for each file that can't be taken."""
    problems = []
    for item in fields:
        if item.type != "attachment":
            continue
        if request.form.get(f"{item.name}-remove"):
            typed[item.name] = ""
        given = request.files.get(f"{item.name}-file")
        if given is not None and given.filename:
            try:
                typed[item.name] = str(keep(given, item).id)
            except Invalid as error:
                problems.append(Problem(f"/{item.name}", error.message, error.params))
    return problems


def refuse(problems: list[Problem]) -> None:
    """Raise Invalid with these problems, if there are any."""
    if problems:
        raise Invalid(NOT_SAVED, params={"count": len(problems)}, problems=problems)
