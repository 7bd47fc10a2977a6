"""The file store: what a file is, who may read it, how records take files over, and when content goes."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import files, records, store
from metadata.access import Actor
from metadata.engine import publishing, writing
from metadata.errors import Invalid, NotFound, TooLarge
from metadata.files import kinds, naming
from metadata.purging import purge
from tests.metadata.conftest import HANA, NOW
from tests.samples import HTML, PDF, PNG, ZIP

LIMIT = 1_000_000
ANN, BEN = Actor("ann", frozenset({"Employee"})), Actor("ben", frozenset({"Employee"}))
TARIQ = Actor("tariq", frozenset({"Trainer"}))
PROOF: dict[str, Any] = {
    "$id": "proof",
    "title": "Proof",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "paper": {"type": "string", "x-format": "attachment", "x-accept": [".pdf", "image/*"], "x-max-size": 5000},
        "secret": {"type": "string", "x-format": "attachment"},
    },
    "required": ["name"],
    "x-screen": {"list": ["name", "paper"]},
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export", "import"]},
        "Trainer": {"rows": "all", "can": ["list", "show"], "hides": ["secret"]},
        "Employee": {"rows": "own", "can": ["list", "show", "add", "edit"]},
    },
}


@pytest.fixture
def proofs(bare_door):
    bare_door.publish(PROOF)
    return bare_door


def upload(door, actor=HANA, name="a.pdf", content=PDF, *, limit=LIMIT, now=NOW) -> files.File:
    with writing(), Session(door.engine) as session, session.begin():
        return files.receive(session, actor, name, io.BytesIO(content), limit=limit, now=now)


def content_of(door, actor, file_id) -> bytes:
    with Session(door.engine) as session:
        found = files.find(session, door.catalog, actor, file_id)
        return b"".join(files.parts(session, found.id))


def may_read(door, actor, file_id) -> bool:
    try:
        content_of(door, actor, file_id)
    except NotFound:
        return False
    return True


def stored(door) -> tuple[int, int]:
    with Session(door.engine) as session:
        return tuple(session.scalar(select(func.count()).select_from(t)) for t in (store.file, store.file_part))


def problems_of(raised) -> list[str]:
    return [f"{p.pointer} {p.text}" for p in raised.value.problems]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.txt", "你好".encode(), "text/plain"),
        ("成绩.csv", "姓名,分\n".encode("gb18030"), "text/csv"),
        ("a.xlsx", ZIP, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.ods", ZIP, "application/vnd.oasis.opendocument.spreadsheet"),
        ("page.html", HTML, "text/html"),
        ("README", b"plain words", "text/plain"),
        ("a", ZIP, "application/zip"),
        ("drawing.svg", b"<!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ("run", b"#!/bin/sh\necho", kinds.PROGRAM),
        ("a.exe", b"MZ\x90\x00\x03" + bytes(80), kinds.PROGRAM),
        ("a.bin", b"\x00\x01\x02\x03", kinds.UNKNOWN),
    ],
)
def test_a_file_is_what_its_content_says(name, content, media_type):
    assert kinds.sniff(content, name) == kinds.Kind(media_type, agrees=True)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.png", HTML),
        ("a.pdf", b"words"),
        ("a.txt", PNG),
        ("a.jpg", PNG),
        ("a.docx", PDF),
        ("a.csv", ZIP),
        ("a.pdf", b"MZ\x90\x00\x03" + bytes(80)),
        ("a.svg", b"no drawing"),
        ("song.mp3", b"no song"),
    ],
)
def test_a_name_that_promises_something_else_is_found_out(name, content):
    assert not kinds.sniff(content, name).agrees


def test_a_hostile_beginning_is_judged_at_once():
    assert kinds.sniff(b"<!---->" * 9000 + b"<nothing", "a.txt").media_type == "text/plain"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\emma\\proof.pdf", "proof.pdf"),
        ("evil\u202efdp.exe", "evilfdp.exe"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("  .. ", "file"),
        ('he said "hi"?.png', "he said _hi__.png"),
        ("证书.pdf", "证书.pdf"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("<img src=x>.png", "_img src=x_.png"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("", "file"),
    ],
)
def test_names_lose_what_could_mislead(given, kept):
    assert naming.tidy(given) == kept


def test_a_file_is_kept_piece_by_piece_and_comes_back_the_same(proofs):
    content = PDF + bytes(range(256)) * 3000
    made = upload(proofs, content=content)
    assert (made.size, made.name, made.media_type) == (len(content), "a.pdf", "application/pdf")
    assert content_of(proofs, HANA, made.id) == content
    assert stored(proofs) == (1, 3)


@pytest.mark.parametrize(
    ("name", "content", "error", "sentence"),
    [
        ("a.pdf", PDF + bytes(2000), TooLarge, "“a.pdf” is larger than 1 kB, the most that is taken."),
        ("a.pdf", b"", Invalid, "“a.pdf” is empty."),
        ("a.png", HTML, Invalid, "“a.png” ends in .png, but its content is something else (text/html)."),
    ],
)
def test_what_can_not_be_taken_is_said_and_leaves_nothing(proofs, name, content, error, sentence):
    with pytest.raises(error) as raised:
        upload(proofs, name=name, content=content, limit=1000)
    assert problems_of(raised) == [f"/file {sentence}"]
    assert stored(proofs) == (0, 0)


def test_an_upload_is_its_uploaders_alone_until_a_record_has_it(proofs):
    made = upload(proofs, ANN)
    assert [a.username for a in (HANA, ANN, BEN) if may_read(proofs, a, made.id)] == ["ann"]
    assert not may_read(proofs, Actor("ann", ANN.roles, within=HANA), made.id)
    proofs.create("proof", ANN, name="Mine", paper=str(made.id))
    assert [a.username for a in (HANA, ANN, BEN, TARIQ) if may_read(proofs, a, made.id)] == ["hana", "ann", "tariq"]


def test_a_hidden_field_hides_its_file(proofs):
    made = upload(proofs)
    proofs.create("proof", name="x", secret=str(made.id))
    assert not may_read(proofs, TARIQ, made.id)
    assert may_read(proofs, HANA, made.id)


def test_what_is_in_the_bin_is_read_by_who_may_restore_it(proofs):
    made = upload(proofs)
    record = proofs.create("proof", name="x", paper=str(made.id))
    with writing(), Session(proofs.engine) as session, session.begin():
        records.remove(session, proofs.catalog, "proof", HANA, record.id, now=NOW)
    assert (may_read(proofs, HANA, made.id), may_read(proofs, TARIQ, made.id)) == (True, False)


@pytest.mark.parametrize(
    ("name", "content", "field", "sentence"),
    [
        ("a.txt", b"words", "paper", "/paper This field takes files of these kinds: .pdf, image/*. “a.txt” is none"),
        ("a.pdf", PDF + bytes(6000), "paper", "/paper “a.pdf” has 6.1 kB, and this field takes at most 5 kB."),
        ("a.exe", b"MZ\x90\x00" + bytes(80), "secret", "/secret “a.exe” is a program; programs are not taken here."),
    ],
)
def test_a_field_takes_what_it_says(proofs, name, content, field, sentence):
    made = upload(proofs, name=name, content=content)
    with pytest.raises(Invalid) as raised:
        proofs.create("proof", name="x", **{field: str(made.id)})
    assert [text[: len(sentence)] for text in problems_of(raised)] == [sentence]


def test_nobody_takes_over_the_file_of_somebody_else(proofs):
    theirs, hidden = upload(proofs, BEN), upload(proofs)
    proofs.create("proof", name="x", secret=str(hidden.id))
    for file_id in (theirs.id, hidden.id, uuid.uuid4()):
        with pytest.raises(Invalid) as raised:
            proofs.create("proof", ANN, name="Mine", paper=str(file_id))
        assert problems_of(raised) == ["/paper " + files.attaching.NOT_YOURS]
    with writing(), Session(proofs.engine) as session, session.begin():
        rows = [{"name": "good"}, {"name": "bad", "paper": str(theirs.id)}]
        outcome = records.create_many(session, proofs.catalog, "proof", HANA, rows, now=NOW, partial=True)
    assert (len(outcome.created), [p.pointer for p in outcome.problems[1]]) == (1, ["/paper"])


def test_many_records_take_files_over_at_once_and_one_file_can_be_in_several(proofs):
    made = upload(proofs)
    with writing(), Session(proofs.engine) as session, session.begin():
        rows = [{"name": "a", "paper": str(made.id)}, {"name": "b", "paper": str(made.id)}]
        records.create_many(session, proofs.catalog, "proof", HANA, rows, now=NOW)
    assert may_read(proofs, TARIQ, made.id)


def test_lists_know_files_by_their_names(proofs):
    for name in ("b.pdf", "a.pdf"):
        proofs.create("proof", name=name, paper=str(upload(proofs, name=name).id))
    proofs.create("proof", name="none")

    def names(query) -> list[str]:
        with Session(proofs.engine) as session:
            return [r["name"] for r in records.select(session, proofs.catalog, "proof", HANA, query).rows]

    assert names(records.Query(order=(("paper", False),))) == ["a.pdf", "b.pdf", "none"]
    assert names(records.Query(filters=(records.Filter("paper", "contains", "B.P"),))) == ["b.pdf"]
    assert names(records.Query(filters=(records.Filter("paper", "null", "true"),))) == ["none"]
    with Session(proofs.engine) as session:
        page = records.select(session, proofs.catalog, "proof", HANA, records.Query())
    assert {r["name"]: r.labels for r in page.rows} == {
        "b.pdf": {"paper": "b.pdf"},
        "a.pdf": {"paper": "a.pdf"},
        "none": {},
    }


def test_a_replaced_file_stays_with_the_history_and_goes_with_the_record(proofs):
    first, second = upload(proofs), upload(proofs)
    record = proofs.create("proof", name="x", paper=str(first.id))
    proofs.change("proof", record.id, paper=str(second.id))
    assert may_read(proofs, TARIQ, first.id)
    with writing(), Session(proofs.engine) as session, session.begin():
        records.remove(session, proofs.catalog, "proof", HANA, record.id, now=NOW)
        records.purge(session, proofs.catalog, "proof", HANA, record.id, now=NOW)
    assert stored(proofs) == (0, 0)


def test_a_file_of_two_records_goes_with_the_second(proofs):
    made = upload(proofs)
    ids = [proofs.create("proof", name=name, paper=str(made.id)).id for name in ("a", "b")]
    for record_id, left in zip(ids, (1, 0), strict=True):
        with writing(), Session(proofs.engine) as session, session.begin():
            records.remove(session, proofs.catalog, "proof", HANA, record_id, now=NOW)
            records.purge(session, proofs.catalog, "proof", HANA, record_id, now=NOW)
        assert stored(proofs)[0] == left


def test_uploads_that_nobody_attached_go_after_a_day(proofs):
    kept, left = upload(proofs), upload(proofs)
    proofs.create("proof", name="x", paper=str(kept.id))
    for hours, gone in ((23, 0), (25, 1)):
        with writing(), Session(proofs.engine) as session, session.begin():
            assert files.sweep(session, NOW + timedelta(hours=hours)) == gone
    assert (may_read(proofs, HANA, kept.id), may_read(proofs, HANA, left.id)) == (True, False)
    with pytest.raises(Invalid) as raised:
        proofs.create("proof", name="y", paper=str(left.id))
    assert problems_of(raised) == ["/paper " + files.attaching.NOT_YOURS]


def test_a_hidden_field_keeps_its_files_until_they_are_deleted_for_good(proofs):
    made = upload(proofs)
    record = proofs.create("proof", name="x", secret=str(made.id))
    without = {**PROOF, "properties": {k: v for k, v in PROOF["properties"].items() if k != "secret"}}
    without["x-access"] = {"HR admin": PROOF["x-access"]["HR admin"]}
    before = proofs.catalog.version
    proofs.publish(without, confirm=["proof"])
    assert not may_read(proofs, HANA, made.id)
    proofs.rollback(before)
    assert may_read(proofs, HANA, made.id)
    with Session(proofs.engine) as session:
        assert records.find(session, proofs.catalog, "proof", HANA, record.id).labels["secret"] == "a.pdf"
    proofs.publish(without, confirm=["proof"])
    with publishing(), Session(proofs.engine) as session, session.begin():
        purge(session, proofs.catalog, ["proof.secret"], actor=HANA, now=NOW, comment="law", confirm=["proof.secret"])
    assert stored(proofs) == (0, 0)


def changed(**paper: Any) -> dict[str, Any]:
    return {**PROOF, "properties": {**PROOF["properties"], "paper": paper}}


def test_taking_less_is_counted_over_the_files_that_are_there(proofs):
    record = proofs.create("proof", name="x", paper=str(upload(proofs).id))
    held = PROOF["properties"]["paper"]
    for narrower in ({"x-accept": ["image/*"]}, {"x-max-size": 10}):
        found = proofs.preview(changed(**{**held, "x-id": "paper", **narrower}))
        (change,) = [c for c in found.changes if c.field == "paper"]
        assert (change.kind, change.count, change.examples) == ("shorter", 1, (f"#{record.id}",))
        assert [p.pointer for p in found.problems] == ["/properties/paper"]
    wider = proofs.preview(changed(**{**held, "x-id": "paper", "x-accept": [".pdf", "image/*", ".txt"]}))
    assert ([c.kind for c in wider.changes], wider.problems) == (["longer"], ())


def test_a_file_becomes_its_name_and_comes_back_but_nothing_becomes_a_file(proofs):
    made = upload(proofs, name="diploma.pdf")
    record = proofs.create("proof", name="x", paper=str(made.id))
    before = proofs.catalog.version
    proofs.publish(changed(type="string", maxLength=100))
    with Session(proofs.engine) as session:
        assert records.find(session, proofs.catalog, "proof", HANA, record.id)["paper"] == "diploma.pdf"
    proofs.rollback(before)
    with Session(proofs.engine) as session:
        assert records.find(session, proofs.catalog, "proof", HANA, record.id)["paper"] == made.id
    document = {**PROOF, "properties": {**PROOF["properties"], "name": {"type": "string", "x-format": "attachment"}}}
    document["required"] = []
    found = proofs.preview(document)
    (change,) = [c for c in found.changes if c.kind == "converted"]
    assert (change.count, change.plan.failing[0].reason) == (1, "A value can't become a file.")


def test_a_missing_content_is_named(proofs):
    made = upload(proofs)
    with writing(), proofs.engine.begin() as connection:
        connection.execute(store.file_part.delete())
    with Session(proofs.engine) as session:
        assert files.broken(session) == [made.name]


def test_a_day_in_the_past_shows_the_file_of_that_day(proofs):
    first, second = upload(proofs, name="first.pdf"), upload(proofs, name="second.pdf")
    record = proofs.create("proof", name="x", paper=str(first.id))
    with writing(), Session(proofs.engine) as session, session.begin():
        later = NOW + timedelta(days=1)
        records.change(session, proofs.catalog, "proof", HANA, record.id, {"paper": str(second.id)}, now=later)
    with Session(proofs.engine) as session:
        moment = NOW + timedelta(hours=1)
        then = records.find_then(session, proofs.catalog, "proof", TARIQ, record.id, moment)
    assert (then.record["paper"], then.record.labels["paper"]) == (first.id, "first.pdf")


def test_a_field_granted_in_some_rows_alone_shows_its_files_there_alone(proofs):
    own = {"rows": "own", "can": ["list", "show", "add"]}
    rest = {"rows": "all", "can": ["list", "show"], "hides": ["paper"]}
    proofs.publish({**PROOF, "x-access": {**PROOF["x-access"], "Employee": [own, rest]}})
    mine, theirs = upload(proofs, ANN), upload(proofs, BEN)
    proofs.create("proof", ANN, name="Ann's", paper=str(mine.id))
    proofs.create("proof", BEN, name="Ben's", paper=str(theirs.id))
    assert [(may_read(proofs, a, mine.id), may_read(proofs, a, theirs.id)) for a in (ANN, BEN)] == [
        (True, False),
        (False, True),
    ]


def test_nobody_hoards_uploads(proofs, monkeypatch):
    monkeypatch.setattr(files.store, "MOST_WAITING", 2)
    first, _second = upload(proofs), upload(proofs)
    with pytest.raises(Invalid):
        upload(proofs)
    proofs.create("proof", name="x", paper=str(first.id))
    upload(proofs)


@pytest.mark.both_databases
def test_a_file_that_is_being_attached_is_not_swept_away(proofs, database_kind):
    made, late = upload(proofs), NOW + timedelta(days=2)
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with writing(), Session(proofs.engine) as attaching, attaching.begin():
        records.create(attaching, proofs.catalog, "proof", HANA, {"name": "x", "paper": str(made.id)}, now=NOW)
        with Session(proofs.engine) as sweeping, sweeping.begin():
            assert files.sweep(sweeping, late) == 0
    with writing(), Session(proofs.engine) as sweeping, sweeping.begin():
        assert files.sweep(sweeping, late) == 0
    assert may_read(proofs, HANA, made.id)
