"""Definitions that attack whoever reads them, by every way in: refused with a reason soon, or shown as plain text."""

from __future__ import annotations

import copy
import gc
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from metadata import publish
from metadata.access import system
from metadata.parser import thawed
from portal import units
from portal.extensions import db
from tests import hostile
from tests.portal import every_type
from tests.portal.command import Command, installation
from tests.portal.demo_site import logged_in, prepare, site

POISON = "<script>alert(1)</script><img src=x onerror=alert(2)>"
NAME = "production_output"
PLAIN = {
    "$id": "shift",
    "title": "Shift",
    "type": "object",
    "properties": {"day": {"type": "string", "format": "date"}},
}
SECONDS = 1.0


@pytest.fixture(scope="module")
def place(databases, tmp_path_factory) -> Iterator[tuple[str, Flask]]:
    """One portal for the whole file: what is tried here is refused, or only read."""
    with databases.copy("sqlite", "demo site", prepare) as url:
        app = site(url, tmp_path_factory.mktemp("hostile"))
        app.config["WTF_CSRF_ENABLED"] = False
        _poison(app)
        gc.collect()
        gc.freeze()  # as a process that serves does: what the tests before left is not looked through here
        yield url, app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def app(place) -> Flask:
    return place[1]


@pytest.fixture
def command(place, tmp_path) -> Command:
    return installation(place[0], tmp_path)


def _poison(app: Flask) -> None:
    """Every text of one definition that people read, in both languages, is markup."""
    with app.app_context():
        catalog = app.extensions["plumbline_catalogs"].current(db.session())
        document: dict[str, Any] = thawed(catalog[NAME].definition.document)
        labels = {f: p for f, p in document["properties"].items() if "enum" in p}
        words = {"title": POISON, "x-plural": POISON, "description": POISON}
        document |= words
        for item in document["properties"].values():
            item |= {"title": POISON, "description": POISON}
        for item in labels.values():
            item["x-enum-labels"] = {value: f"{POISON}{value}" for value in item["enum"]}
        fields = {name: {"title": POISON, "description": POISON} for name in document["properties"]}
        document["x-i18n"] = {"zh": {**words, "properties": fields}}
        document["x-screen"] = {"sections": [{"title": POISON, "fields": list(document["properties"])}]}
        now = datetime.now(UTC)
        visit = _poisoned(every_type.VISIT)
        units.publish(
            lambda s, c: publish.publish(
                s, c, [document, visit], actor=system(POISON), comment=POISON, now=now, confirm=[NAME]
            )
        )
        db.session.remove()
    made = logged_in(app, "hana").post("/api/v1/audit_visit/", json={"name": POISON[:80], "lines": [LINE]})
    assert made.json["id"] == 1, made.text


def _poisoned(document: dict[str, Any]) -> dict[str, Any]:
    """The definition with markup for each of its texts: of fields in rows and objects, of choices, rules and sections."""
    found = _texts_poisoned(copy.deepcopy(document))
    says = {"formula": "people < 1000000", "message": POISON, "at": "people", "x-i18n": {"zh": POISON}}
    fields = [*(n for n in document["properties"] if n != "address"), "address.city"]
    screen = {**document["x-screen"], "sections": [{"title": POISON, "fields": fields}]}
    return {**found, "x-plural": POISON, "x-rules": [says], "x-screen": screen}


def _texts_poisoned(schema: dict[str, Any]) -> dict[str, Any]:
    words = {"title": POISON, "description": POISON}
    values = schema.get("enum") or (schema.get("items") or {}).get("enum")
    labels = {"x-enum-labels": {value: f"{POISON}{value}" for value in values}} if values else {}
    inner = {n: _texts_poisoned(s) for n, s in schema.get("properties", {}).items()}
    within = {"properties": inner} if inner else {}
    items = schema.get("items")
    if isinstance(items, dict) and "properties" in items:
        rows = {n: _texts_poisoned(s) for n, s in items["properties"].items()}
        within = {"items": {**items, "properties": rows}}
    return {**schema, **words, **labels, **within}


LINE = {"what": "<img src=x onerror=alert(3)>", "weight": 1}
PAGES = (
    "/",
    "/records/audit_visit/list/",
    "/records/audit_visit/list/?group=kind&_totals=1",
    "/records/audit_visit/list/?on=2030-01-01",
    "/records/audit_visit/list/?_edit=1",
    "/records/audit_visit/show/1",
    "/records/audit_visit/show/1?on=2030-01-01",
    "/records/audit_visit/add",
    "/records/audit_visit/edit/1",
    "/records/audit_visit/bulk?ids=1&field=kind",
    "/designer/audit_visit",
    "/designer/audit_visit/raw",
    "/designer/audit_visit/field/lines",
    "/designer/audit_visit/field/kind",
    "/designer/audit_visit/texts",
    "/designer/audit_visit/access",
    "/designer/audit_visit/condition",
    "/designer/audit_visit/preview",
    "/history/",
    "/history/of/audit_visit",
    "/lists/",
    f"/records/{NAME}/list/",
    f"/records/{NAME}/list/?removed=1",
    f"/records/{NAME}/list/?department=none&produced=much&search=a",
    f"/records/{NAME}/list/?order={POISON}",
    f"/records/{NAME}/show/1",
    f"/records/{NAME}/add",
    f"/records/{NAME}/edit/1",
    f"/records/{POISON}/list/",
    "/designer/",
    f"/designer/{NAME}",
    f"/designer/{NAME}/field/line",
    f"/designer/{NAME}/texts",
    f"/designer/{NAME}/preview",
    f"/designer/{NAME}/history",
    "/roles/show/1",
    "/roles/show/2",
    "/dashboards/",
    f"/dashboards/{NAME}",
    "/imports/new",
    "/audit/",
    f"/audit/?definition={NAME}",
    "/api/",
)


class TestMarkupInTexts:
    @pytest.mark.parametrize("tongue", ["en", "zh"])
    @pytest.mark.parametrize("page", PAGES)
    def test_is_text_on_every_page_that_shows_it(self, app, page, tongue):
        client = logged_in(app, "hana")
        answer = client.get(page, headers={"Accept-Language": tongue}, follow_redirects=True)
        assert answer.status_code in {200, 404, 422}
        assert "&lt;script&gt;alert" in answer.text  # it is there, and it is text
        assert inert(answer.text)

    def test_is_text_in_the_problems_of_a_form(self, app):
        answer = logged_in(app, "hana").post(f"/records/{NAME}/add", data={"produced": POISON, "note": POISON})
        assert answer.status_code == 422
        assert inert(answer.text)

    def test_is_text_in_what_a_rule_says(self, app):
        hana = logged_in(app, "hana")
        for tongue in ("en", "zh"):
            sent = {"name": "x", "people": "9999999"}
            answer = hana.post("/records/audit_visit/add", data=sent, headers={"Accept-Language": tongue})
            assert answer.status_code == 422
            assert "&lt;script&gt;alert" in answer.text.split('id="error-field-people"')[1][:200]
            assert inert(answer.text)
        told = hana.post("/records/audit_visit/form", data={"name": "x", "people": "9999999"})
        assert told.mimetype == "application/json"

    def test_is_text_in_files(self, app):
        hana = logged_in(app, "hana")
        for form, kind in (("csv", "text/csv"), ("xlsx", "application/vnd")):
            answer = hana.get(f"/records/audit_visit/export.{form}")
            assert answer.mimetype.startswith(kind)
            assert "attachment" in answer.headers["Content-Disposition"]

    def test_is_text_in_what_records_hold(self, app):
        hana = logged_in(app, "hana")
        body = {"code": "HTML", "name": POISON, "name_zh": POISON}
        made = hana.post("/api/v1/department/", json=body).json["id"]
        for page in (f"show/{made}", f"edit/{made}", "list/?search=HTML"):
            assert inert(hana.get(f"/records/department/{page}").text)
        assert inert(hana.get("/audit/").text)

    @pytest.mark.parametrize(
        "address", ["_openapi", f"{NAME}/", f"{NAME}/_info", "definitions/", f"definitions/{NAME}"]
    )
    def test_is_never_sent_as_a_page_by_rest(self, app, address):
        answer = logged_in(app, "hana").get(f"/api/v1/{address}")
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def inert(page: str) -> bool:
    """Whether no part of the poison stands in the page as markup."""
    return "<script>alert" not in page and "<img src=x" not in page


def _nested(levels: int) -> bytes:
    return b'{"documents": ' + b"[" * levels + b"]" * levels + b"}"


BODIES: dict[str, Callable[[], bytes]] = {
    "ten megabytes of text": lambda: json.dumps({"documents": [{**PLAIN, "title": "x" * 10_000_000}]}).encode(),
    "ten megabytes of entries": lambda: json.dumps(
        {"documents": [{**PLAIN, "required": ["day"] * 1_500_000}]}
    ).encode(),
    "depth that no reader survives": lambda: _nested(100_000),
    "depth within the reader's limit": lambda: _nested(900),
    "a pattern that never ends": lambda: _with({"type": "string", "maxLength": 99, "pattern": "^(a+)+$"}),
    "a huge enum": lambda: _with({"type": "string", "enum": [f"v{n}" for n in range(200_000)]}),
    "a reserved name": lambda: json.dumps({"documents": [{**PLAIN, "$id": "select"}]}).encode(),
    "a name that looks like another": lambda: json.dumps({"documents": [{**PLAIN, "$id": "dерartment"}]}).encode(),
    "a name in another direction": lambda: json.dumps({"documents": [{**PLAIN, "$id": "shift\u202e"}]}).encode(),
}


def _attack(what: str) -> Callable[[], bytes]:
    return lambda: json.dumps({"documents": hostile.REFUSED[what][0]()}).encode()


SOME = (
    "a power",
    "formulas that double",
    "many formulas",
    "100 grids",
    "a title that turns round",
    "a title of two lines",
)
BODIES |= {what: _attack(what) for what in SOME}


def _with(item: dict[str, Any]) -> bytes:
    return json.dumps({"documents": [{**PLAIN, "properties": {"a": item}}]}).encode()


@pytest.fixture
def hana(app) -> FlaskClient:
    return logged_in(app, "hana")


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
class TestHostileBodies:
    @pytest.mark.parametrize("address", ["definitions/publish", f"definitions/{NAME}/draft"])
    def test_are_refused_by_rest_with_a_reason(self, hana, body, address):
        sent = body()
        if address.endswith("publish"):
            sent = sent[:-1] + b', "comment": "c"}'
        send = hana.put if address.endswith("draft") else hana.post
        answer = within(lambda: send(f"/api/v1/{address}", data=sent, content_type="application/json"))
        assert refused(answer.status_code, answer.get_data())

    @pytest.mark.parametrize("action", ["check", "preview"])
    def test_are_refused_by_check_and_preview_of_rest(self, hana, body, action):
        sent = body()
        answer = within(lambda: hana.post(f"/api/v1/definitions/{action}", data=sent, content_type="application/json"))
        told = answer.json
        assert told.get("problems") or answer.status_code >= 400

    def test_are_refused_by_the_command_line(self, command, body, tmp_path):
        whole = body()
        inner = whole[len(b'{"documents": [') : -2] if b'"$id"' in whole else whole
        path = tmp_path / "shift.json"
        path.write_bytes(inner)
        for words in (("definitions", "check", path), ("definitions", "publish", path, "--comment", "c")):
            ended = command(*words)
            assert ended.code == 1
            assert "Traceback" not in ended.err + ended.out
            assert len(ended.err + ended.out) < 20_000

    def test_are_refused_as_records(self, hana, body):
        for address, send in (("department/", hana.post), ("department/1", hana.put), ("department/_bulk", hana.post)):
            sent = body()
            answer = within(
                lambda a=address, s=send, d=sent: s(f"/api/v1/{a}", data=d, content_type="application/json")
            )
            assert refused(answer.status_code, answer.get_data())


class TestTheDesigner:
    """What may be drafted may be wrong: it is kept as a draft, named, and never published."""

    HERE = f"/designer/{NAME}"

    def test_lists_what_is_typed_as_text_and_never_publishes_it(self, hana):
        before, kept = self.version(hana), []
        for what, (documents, _pointer, _sentence) in hostile.REFUSED.items():
            text = json.dumps({**documents()[0], "$id": NAME}, ensure_ascii=False)
            answer = within(lambda t=text: self.sent(hana, "raw", document=t))
            assert answer.status_code in {303, 422}, what
            if answer.status_code == 303:
                kept.append(what)
                page = within(lambda: hana.get(f"{self.HERE}/raw"))
                assert page.status_code == 200, what
                assert inert(page.text)
            published = within(lambda: self.sent(hana, "publish", comment="c", confirm=NAME))
            assert published.status_code >= 400, what
            assert inert(published.text)
            hana.delete(f"/api/v1/definitions/{NAME}/draft")
        assert self.version(hana) == before
        assert len(kept) > 20

    def version(self, client: FlaskClient) -> int:
        return int(client.get("/api/v1/definitions/").json["version"])

    def sent(self, client: FlaskClient, path: str, **form: str) -> Any:
        """A form as the page would send it, made from the draft as it stands."""
        found = re.search(r'name="revision" value="(\d+)"', client.get(f"{self.HERE}/raw").text)
        assert found is not None
        return client.post(f"{self.HERE}/{path}", data={"revision": found[1], **form})

    def test_refuses_schemas_from_elsewhere_that_attack(self, hana):
        for what, body in BODIES.items():
            data = {"file": (io.BytesIO(body()), "foreign.json")}
            answer = within(lambda d=data: hana.post("/designer/import-file", data=d))
            assert answer.status_code in {200, 422}, what
            assert inert(answer.text)

    @pytest.mark.parametrize(
        "typed",
        [
            {"type": "formula", "result": "number", "formula": "9**9**9"},
            {"type": "formula", "result": "number", "formula": "(" * 400 + "produced" + ")" * 400 + "+" * 200},
            {"type": "text", "title": POISON * 10},
            {"type": "text", "title": hostile.MIRROR},
            {"type": "choice", "choices": "\n".join(f"v{n}" for n in range(20_000))},
        ],
    )
    def test_says_in_the_form_of_a_field_what_is_wrong(self, hana, typed):
        before = self.version(hana)
        answer = within(lambda: self.sent(hana, "field", **{"name": "hostile", "title": "Hostile", **typed}))
        assert answer.status_code in {303, 422}
        assert inert(answer.text)
        assert self.sent(hana, "publish", comment="c").status_code >= 400
        assert self.version(hana) == before
        hana.delete(f"/api/v1/definitions/{NAME}/draft")


class TestHostileFiles:
    @pytest.mark.parametrize(
        "content",
        [
            b"code,name\n" + b"x" * 10_000_000,
            b"," * 1_000_000,
            b'"' * 100_000,
            b"\x00" * 1000,
            b"code,name\n\xff\xfe,x\n",
        ],
        ids=["a long value", "many columns", "open quotes", "zero bytes", "no text"],
    )
    def test_are_refused_or_mapped_with_a_page(self, hana, content):
        data = {"definition": "department", "file": (io.BytesIO(content), "a.csv")}
        answer = within(lambda: hana.post("/imports/new", data=data))
        assert answer.status_code in {303, 422}


def within(ask: Callable[[], Any]) -> Any:
    """The answer, which took this thread less than a second of work, however busy the machine is."""
    started = time.thread_time()
    answer = ask()
    assert time.thread_time() - started < SECONDS
    return answer


def refused(status: int, content: bytes) -> bool:
    """Whether the answer says why, in a few words."""
    told = json.loads(content)
    return status in {400, 404, 413, 422} and bool(told["title"]) and len(content) < 200_000
