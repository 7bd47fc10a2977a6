"""Two admins publish at once: neither's work is lost, and whoever was overtaken is told by whom."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from metadata import drafts, publish
from metadata.access import Actor
from metadata.engine import publishing, writing
from metadata.errors import Conflict
from metadata.versions import load_catalog
from tests.metadata.conftest import HANA, NOW
from tests.metadata.test_purging import tool

MEI = Actor("mei", frozenset({"HR admin"}))


def shelf():
    """A definition that points at the other one, which the other admin makes at the same time."""
    return tool(tool={"$ref": "department", "title": "Place"}) | {"$id": "shelf", "title": "Shelf"}


def publish_as(door, actor, *documents, **more):
    with publishing(), Session(door.engine) as session, session.begin():
        catalog = load_catalog(session, door.catalog)
        return publish.publish(session, catalog, documents, actor=actor, comment=actor.username, now=NOW, **more)


def test_two_admins_publish_at_once_and_neither_is_lost(door):
    start, failed = threading.Barrier(2), []

    def work(actor, document):
        start.wait()
        try:
            publish_as(door, actor, document)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in ((HANA, tool()), (MEI, shelf()))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with Session(door.engine) as session:
        catalog = load_catalog(session)
        authors = [row["author"] for row in publish.history(session)[:2]]
    assert {"tool", "shelf"} <= set(catalog)
    assert sorted(authors) == ["hana", "mei"]
    assert catalog.version == door.catalog.version + 2


def test_who_publishes_the_same_definition_later_is_told_by_whom_and_changes_nothing(door):
    door.publish(tool())
    base = door.catalog.version
    first = door.document("tool") | {"title": "Instrument"}
    second = door.document("tool") | {"title": "Gadget"}
    publish_as(door, HANA, first, bases={"tool": base})
    with pytest.raises(Conflict) as error:
        publish_as(door, MEI, second, bases={"tool": base})
    assert (error.value.params["who"], error.value.params["name"]) == ("hana", "tool")
    with Session(door.engine) as session:
        assert load_catalog(session)["tool"].definition.title() == "Instrument"


def test_a_draft_that_was_overtaken_says_so_and_is_not_published_unseen(door):
    door.publish(tool())
    base = door.catalog.version
    with writing(), Session(door.engine) as session, session.begin():
        document = door.document("tool") | {"title": "Gadget"}
        given = {"base_version": base, "actor": MEI, "now": NOW + timedelta(minutes=1), "revision": None}
        drafts.save(session, name="tool", document=document, **given)
    publish_as(door, HANA, door.document("tool") | {"title": "Instrument"})
    with publishing(), Session(door.engine) as session:
        draft = drafts.load(session, "tool")
        assert drafts.overtaken(session, draft) == base + 1
        catalog = load_catalog(session)
        more = {"actor": MEI, "comment": "mine", "now": NOW}
        with pytest.raises(Conflict):
            drafts.publish_drafts(session, catalog, {"tool": draft.revision}, **more)
        session.rollback()
        assert drafts.load(session, "tool").document["title"] == "Gadget"
