"""Who stands behind an account: name, address and language of the employee record that carries it.

Used by delivery through `Installation.person`. Which definition holds people, and which field the account,
is said by the definition itself (`x-directory`); `email` and `language` are fields of the shipped pack, and a
definition without them only costs the mail, not the inbox. A language chosen on the account page goes before.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.catalog import Catalog
from workflows import store
from workflows.installation import Person

CHOSEN = "_chosen_language"


def person_for(session: Session, catalog: Catalog, account: str) -> Person | None:
    """The person with this account; None if no record carries it."""
    entity = catalog.person
    if entity is None or entity.definition.directory is None or not account:
        return None
    table = entity.table
    field = entity.definition.directory.account
    mine = store.accounts.c
    chosen = select(mine.language).where(mine.account == account).scalar_subquery().label(CHOSEN)
    statement = select(table, chosen).where(table.c[field] == account, table.c._removed_at.is_(None))
    row = session.execute(statement.order_by(table.c.id).limit(1)).mappings().first()
    if row is None:
        return None
    values = {column.key: row[column] for column in table.c}
    language = str(row[CHOSEN] or values.get("language") or "en")
    names = [str(values[name]) for name in entity.definition.label_of(language) if values.get(name)]
    return Person(account, " ".join(names) or account, str(values.get("email") or ""), language)
