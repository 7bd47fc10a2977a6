"""Files in forms, on pages and through REST: uploading, taking over, getting back; and for whom there is nothing."""

from __future__ import annotations

import io
import json
import re
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.portal.demo_site import logged_in
from tests.portal.many_definitions import statements
from tests.samples import HTML, PDF, PNG, ZIP

DOCUMENT = {
    "$id": "proof",
    "title": "Proof",
    "x-plural": "Proofs",
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40, "title": "Name"},
        "department": {"$ref": "department", "title": "Department"},
        "employee": {"$ref": "employee", "title": "For"},
        "paper": {
            "type": "string",
            "x-format": "attachment",
            "title": "Paper",
            "x-accept": [".pdf", "image/*", ".txt"],
        },
        "secret": {"type": "string", "x-format": "attachment", "title": "Secret paper", "x-max-size": 1000},
    },
    "required": ["name"],
    "x-owner": {"person": "employee", "unit": "department"},
    "x-screen": {"list": ["name", "paper", "secret"]},
    "x-access": {
        "HR admin": {"rows": "all", "can": ["list", "show", "add", "edit", "remove", "export", "import"]},
        "Department head": {"rows": "department", "can": ["list", "show", "export"], "hides": ["secret"]},
        "Employee": {"rows": "own", "can": ["list", "show", "add", "edit"], "hides": ["secret"]},
    },
}


@pytest.fixture
def hana(portal) -> FlaskClient:
    client = logged_in(portal, "hana")
    sent = json.dumps({"documents": [DOCUMENT], "comment": "Proofs"})
    answer = client.post("/api/v1/definitions/publish", data=sent, content_type="application/json")
    assert answer.status_code == 200, answer.text
    return client


def upload(client: FlaskClient, content: bytes = PDF, name: str = "a.pdf", **args: str):
    body = {"file": (io.BytesIO(content), name)}
    return client.post("/api/v1/files/", data=body, query_string=args, content_type="multipart/form-data")


def uploaded(client: FlaskClient, content: bytes = PDF, name: str = "a.pdf") -> str:
    answer = upload(client, content, name)
    assert answer.status_code == 201, answer.text
    return answer.json["id"]


def emmas(client: FlaskClient) -> dict[str, int]:
    """Emma and her department, in which Derek is head."""
    (emma,) = client.get("/api/v1/employee/?account=emma").json["result"]
    return {"employee": emma["id"], "department": emma["department"]}


class TestRest:
    def test_a_file_goes_in_into_a_record_and_comes_back(self, hana):
        answer = upload(hana, PDF, "Zeugnis für Emma 证书.pdf")
        made = answer.json["result"]
        assert (answer.status_code, made["type"], made["size"]) == (201, "application/pdf", len(PDF))
        record = hana.post("/api/v1/proof/", json={"name": "x", "paper": made["id"]}).json
        found = hana.get(f"/api/v1/proof/{record['id']}").json["result"]
        assert (found["paper"], found["_labels"]["paper"]) == (made["id"], made["name"])
        got = hana.get(answer.headers["Location"])
        assert (got.data, got.content_type, got.content_length) == (PDF, "application/pdf", len(PDF))
        assert hana.get(made["url"]).data == PDF
        assert hana.get("/api/v1/proof/?paper__contains=证书").json["count"] == 1

    def test_what_is_sent_can_do_nothing(self, hana):
        for name, content, kind, shown in (
            ("a.png", PNG, "image/png", "inline"),
            ("a.txt", "中文".encode(), "text/plain; charset=utf-8", "inline"),
            ("a.csv", "中文,1".encode("gb18030"), "text/plain; charset=gb18030", "inline"),
            ("a.pdf", PDF, "application/pdf", "inline"),
            ("page.html", HTML, "application/octet-stream", "attachment"),
            (
                "a.svg",
                b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>",
                "application/octet-stream",
                "attachment",
            ),
            ("a.zip", ZIP, "application/zip", "attachment"),
        ):
            headers = hana.get(f"/api/v1/files/{uploaded(hana, content, name)}").headers
            assert (headers["Content-Type"], headers["Content-Disposition"].split(";")[0]) == (kind, shown), name
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert name == "a.pdf" or headers["Content-Security-Policy"].startswith("sandbox;")
            assert headers["Cache-Control"] == "private, no-cache"

    def test_names_reach_the_header_as_names_alone(self, hana):
        file_id = uploaded(hana, PDF, "a; x=1, b\u202e 证.pdf")
        sent = hana.get(f"/files/{file_id}/any-name?download=1")
        assert sent.headers["Content-Disposition"] == (
            "attachment; filename=\"a; x=1, b _.pdf\"; filename*=UTF-8''a%3B%20x%3D1%2C%20b%20%E8%AF%81.pdf"
        )

    def test_a_part_and_nothing_new_cost_no_more(self, hana):
        url = f"/api/v1/files/{uploaded(hana, PNG + bytes(600_000), 'a.png')}"
        part = hana.get(url, headers={"Range": "bytes=1-3"})
        assert (part.status_code, part.data) == (206, PNG[1:4])
        tag = hana.get(url).headers["ETag"]
        assert hana.get(url, headers={"If-None-Match": tag}).status_code == 304

    @pytest.mark.parametrize(
        ("name", "content", "status", "sentence"),
        [
            ("a.png", HTML, 422, "“a.png” ends in .png, but its content is something else (text/html)."),
            ("a.pdf", b"", 422, "“a.pdf” is empty."),
            ("a.pdf", PDF + bytes(10_000_000), 413, "“a.pdf” is larger than 10 MB, the most that is taken."),
        ],
    )
    def test_what_is_refused_is_said(self, hana, name, content, status, sentence):
        answer = upload(hana, content, name)
        assert (answer.status_code, answer.json["problems"]) == (status, [{"pointer": "/file", "message": sentence}])

    def test_more_than_a_request_may_hold_is_said(self, hana):
        answer = upload(hana, bytes(33 * 1024 * 1024))
        assert (answer.status_code, answer.json["title"][:40]) == (413, "This is more than can be sent at once. S")

    def test_the_field_can_be_asked_ahead(self, hana):
        answer = upload(hana, ZIP, "a.zip", definition="proof", field="paper")
        assert (answer.status_code, answer.json["problems"][0]["pointer"]) == (422, "/file")
        assert upload(hana, definition="proof", field="name").status_code == 404
        assert upload(hana, definition="nothing", field="paper").status_code == 404
        assert hana.post("/api/v1/files/").status_code == 422

    def test_the_description_knows_it(self, hana):
        document = hana.get("/api/v1/_openapi").json
        assert "multipart/form-data" in document["paths"]["/api/v1/files/"]["post"]["requestBody"]["content"]
        schema = document["components"]["schemas"]["proof"]["properties"]["paper"]
        assert (schema["format"], schema["x-format"], schema["x-accept"]) == (
            "uuid", "attachment", [".pdf", "image/*", ".txt"]
        )  # fmt: skip


def test_for_whom_there_is_a_file(portal: Flask, hana):
    paper, secret = uploaded(hana), uploaded(hana)
    sent = {"name": "x", "paper": paper, "secret": secret, **emmas(hana)}
    record = hana.post("/api/v1/proof/", json=sent).json["id"]
    loose = uploaded(hana)
    people = {name: logged_in(portal, name) for name in ("hana", "derek", "emma", "sofia", "liwei")}

    def status(file_id: str) -> list[int]:
        return [
            c.get(url).status_code for c in people.values() for url in (f"/api/v1/files/{file_id}", f"/files/{file_id}")
        ]

    assert status(paper) == [200, 200, 200, 200, 200, 200, 404, 404, 404, 404]
    assert status(secret) == [200, 200, 404, 404, 404, 404, 404, 404, 404, 404]
    assert status(loose) == [200, 200, *[404] * 8]
    assert status(str(uuid.uuid4())) == [404] * 10
    nobody = portal.test_client()
    assert (nobody.get(f"/api/v1/files/{paper}").status_code, nobody.get(f"/files/{paper}").status_code) == (401, 302)
    assert upload(nobody).status_code == 401
    forbidden = people["sofia"].get(f"/api/v1/files/{paper}").json
    assert forbidden == people["sofia"].get(f"/api/v1/files/{uuid.uuid4()}").json
    assert "secret" not in people["derek"].get(f"/api/v1/proof/{record}").json["result"]
    exported = people["derek"].get("/records/proof/export.csv").text
    assert "a.pdf" in exported
    assert "Secret" not in exported
    for file_id in (secret, loose):
        taken = people["emma"].post("/api/v1/proof/", json={"name": "mine", "paper": file_id, **emmas(hana)})
        assert (taken.status_code, taken.json["problems"][0]["pointer"]) == (422, "/paper")


class TestForms:
    def test_a_file_that_came_survives_a_mistake_elsewhere(self, hana):
        body = {"name": "", "paper": "", "paper-file": (io.BytesIO(PNG), "photo.png")}
        page = hana.post("/records/proof/add", data=body, content_type="multipart/form-data")
        assert page.status_code == 422
        assert "photo.png" in page.text
        kept = re.search(r'name="paper" value="([0-9a-f-]{36})"', page.text)[1]
        saved = hana.post("/records/proof/add", data={"name": "x", "paper": kept}, follow_redirects=True)
        assert "photo.png" in saved.text
        assert f'<img src="/files/{kept}/photo.png"' in saved.text

    def test_a_wrong_file_is_said_at_its_field_and_the_rest_comes_back(self, hana):
        body = {"name": "typed", "paper": "", "paper-file": (io.BytesIO(HTML), "a.png")}
        page = hana.post("/records/proof/add", data=body, content_type="multipart/form-data")
        assert (page.status_code, "typed" in page.text) == (422, True)
        assert "“a.png” ends in .png" in re.search(r'id="error-field-paper">(.*?)</div>', page.text)[1]

    def test_replaced_removed_and_told(self, hana):
        first, second = uploaded(hana), uploaded(hana, "words 中".encode(), "b.txt")
        record = hana.post("/api/v1/proof/", json={"name": "x", "paper": first}).json["id"]
        form = hana.get(f"/records/proof/edit/{record}").text
        assert ("a.pdf" in form, 'accept=".pdf,image/*,.txt"' in form) == (True, True)
        hana.post(f"/records/proof/edit/{record}", data={"name": "x", "paper": second, "_version": "1"})
        page = hana.get(f"/records/proof/show/{record}").text
        assert "Paper: a.pdf → b.txt" in page
        assert "words 中</pre>" in page
        body = {"name": "x", "paper": second, "paper-remove": "1", "_version": "2"}
        hana.post(f"/records/proof/edit/{record}", data=body)
        assert hana.get(f"/api/v1/proof/{record}").json["result"]["paper"] is None
        assert hana.get(f"/files/{first}").status_code == 200

    def test_nothing_in_a_form_tells_the_name_of_a_file_that_is_not_ones_own(self, portal, hana):
        secret = uploaded(hana, PDF, "dismissal.pdf")
        page = logged_in(portal, "emma").get(f"/records/proof/add?paper={secret}")
        assert (page.status_code, "dismissal" in page.text) == (200, False)


def test_the_framework_has_nothing_to_complain_of(hana, caplog):
    hana.get("/records/proof/list/")
    assert [r.getMessage() for r in caplog.records if "not supported" in r.getMessage()] == []


class TestLists:
    def test_a_list_links_files_and_an_export_names_them(self, hana):
        file_id = uploaded(hana)
        hana.post("/api/v1/proof/", json={"name": "x", "paper": file_id})
        assert f'<a href="/files/{file_id}/a.pdf">a.pdf</a>' in hana.get("/records/proof/list/").text
        assert ",x,a.pdf," in hana.get("/records/proof/export.csv").text
        for page in ("list/?_edit=1", "bulk?all=1"):
            assert hana.get(f"/records/proof/{page}").status_code == 200

    def test_a_file_costs_a_list_no_statement_and_a_record_one(self, portal, hana):
        file_id = uploaded(hana)
        full = hana.post("/api/v1/proof/", json={"name": "x", "paper": file_id, "secret": file_id}).json["id"]
        bare = hana.post("/api/v1/proof/", json={"name": "y"}).json["id"]

        def cost(address: str) -> int:
            hana.get(address)
            with statements(portal) as sent:
                assert hana.get(address).status_code == 200
            return len(sent)

        assert cost("/records/proof/list/") <= 6
        assert cost(f"/records/proof/show/{full}") == cost(f"/records/proof/show/{bare}") + 1

    def test_an_import_brings_no_files(self, hana):
        rows = {"definition": "proof", "file": (io.BytesIO(b"Name,Paper\nx,a.pdf\n"), "rows.csv")}
        page = hana.post("/imports/new", data=rows, content_type="multipart/form-data", follow_redirects=True)
        assert page.status_code == 200
        assert '<option value="paper"' not in page.text

    def test_a_mapping_to_a_file_is_refused(self, hana):
        rows = {"definition": "proof", "file": (io.BytesIO(b"Name,Paper\nx,a.pdf\n"), "rows.csv")}
        answer = hana.post("/api/v1/imports/", data=rows | {"mapping": json.dumps({"Paper": "paper"})})
        assert (answer.status_code, answer.json["title"][:21]) == (422, "“Paper” takes files, ")

    def test_the_same_key_uploads_once(self, hana):
        def sent() -> str:
            body = {"file": (io.BytesIO(PDF), "a.pdf")}
            answer = hana.post("/api/v1/files/", data=body, headers={"Idempotency-Key": "k"})
            return answer.json["id"]

        assert sent() == sent()


@pytest.mark.both_databases
class TestContract:
    """What tests/portal/test_field_contract.py asks of every other type: see there for form, files and lists."""

    @pytest.fixture
    def three(self, hana) -> FlaskClient:
        for name in ("b", "a", "none"):
            paper = None if name == "none" else uploaded(hana, name=f"{name}.pdf")
            assert hana.post("/api/v1/proof/", json={"name": name, "paper": paper}).status_code == 201
        return hana

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({"order": "paper"}, ["a", "b", "none"]),
            ({"order": "-paper"}, ["b", "a", "none"]),
            ({"paper__null": "true"}, ["none"]),
            ({"paper__null": "false", "order": "name"}, ["a", "b"]),
            ({"paper__contains": "B.P"}, ["b"]),
        ],
    )
    def test_it_is_asked_for_and_sorted_by_its_name(self, three, asked, found):
        answer = three.get("/api/v1/proof/", query_string=asked).json
        assert [row["name"] for row in answer["result"]] == found

    def test_what_it_refuses_is_said_at_the_field_in_both_languages(self, three):
        (record,) = three.get("/api/v1/proof/?name=a").json["result"]
        wrong = {
            "paper": [uploaded(three, ZIP, "a.zip"), str(uuid.uuid4()), "a.pdf"],
            "secret": [uploaded(three, PDF + bytes(1000))],
        }
        for field, values in wrong.items():
            for value in values:
                for tongue in ("en", "zh"):
                    answer = three.patch(
                        f"/api/v1/proof/{record['id']}", json={field: value}, headers={"Accept-Language": tongue}
                    )
                    (problem,) = answer.json["problems"]
                    assert (answer.status_code, problem["pointer"]) == (422, f"/{field}")
                    assert bool(re.search(r"[\u4e00-\u9fff]", problem["message"])) == (tongue == "zh"), problem
        assert three.get(f"/api/v1/proof/{record['id']}").json["result"]["_version"] == 1

    def test_nothing_is_an_empty_field_again(self, three):
        (record,) = three.get("/api/v1/proof/?name=a").json["result"]
        assert three.patch(f"/api/v1/proof/{record['id']}", json={"paper": None}).json["result"]["paper"] is None
        assert ",a,," in three.get("/records/proof/export.csv").text


class TestDesigner:
    def test_a_field_for_files_is_made_without_json(self, hana):
        field = {
            "title": "Scan", "name": "scan", "type": "attachment", "accept": ".pdf, image/*", "size": "2000000"
        }  # fmt: skip
        revision = re.search(r'name="revision" value="(\d+)"', hana.get("/designer/proof/field").text)[1]
        made = hana.post("/designer/proof/field", data={**field, "revision": revision}, follow_redirects=True)
        assert made.status_code == 200
        again = hana.get("/designer/proof/field/scan").text
        assert 'value=".pdf, image/*"' in again
        assert 'value="2000000"' in again
        assert 'type="file"' in hana.get("/designer/proof/form").text
