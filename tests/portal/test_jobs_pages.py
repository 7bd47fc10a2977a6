"""Jobs, and imports as jobs: pages and REST, from every side, to the end."""

from __future__ import annotations

import csv
import io
import re

import pytest
from sqlalchemy import update

from portal import units
from portal.app import bind_workflows
from portal.extensions import db
from tests.portal.demo_site import logged_in
from workflows import store, tick
from workflows.installation import bound

GOOD = "Code,Name,name_zh\nC1,Clinic,诊所\nC2,Canteen,食堂\n"
BAD = GOOD + "C3,,空\nC4,Crate\n"


def file(text: str, name: str = "departments.csv"):
    return (io.BytesIO(text.encode()), name)


@pytest.fixture
def site(portal):
    bind_workflows(portal)
    return portal


def settle(portal) -> None:
    with portal.app_context():
        tick.settle(bound())
        db.session.remove()


def uploaded(client, text: str = BAD) -> str:
    answer = client.post("/imports/new", data={"definition": "department", "file": file(text)})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def chosen(page: str) -> dict[str, str]:
    """The form as a browser would send it."""
    found = {}
    for name, options in re.findall(
        r'<select class="form-select" name="(header-\d+)".*?>(.*?)</select>', page, re.DOTALL
    ):
        picked = re.search(r'value="(\w*)" selected', options)
        found[name] = picked[1] if picked else ""
    return found


def start(client, text: str = BAD) -> str:
    place = uploaded(client, text)
    return client.post(f"{place}/start", data=chosen(client.get(place).text)).headers["Location"]


def test_a_file_is_mapped_tried_out_imported_and_reported(site):
    hana = logged_in(site, "hana")
    before = hana.get("/api/v1/department/").json["count"]
    place = uploaded(hana)
    page = hana.get(place).text
    assert chosen(page) == {"header-0": "code", "header-1": "name", "header-2": "name_zh"}
    tried = hana.post(f"{place}/check", data=chosen(page))
    assert tried.status_code == 200
    assert "This field is required." in tried.text
    assert hana.get("/api/v1/department/").json["count"] == before
    job = hana.post(f"{place}/start", data=chosen(page)).headers["Location"]
    assert "hx-trigger" in hana.get(job).text
    settle(site)
    done = hana.get(job).text
    assert "hx-trigger" not in done
    assert hana.get("/api/v1/department/").json["count"] == before + 2
    lines = list(csv.reader(io.StringIO(hana.get(f"{job}/rejected.csv").text.removeprefix("\ufeff"))))
    assert lines[1:] == [
        ["4", "Name", "", "This field is required."],
        ["5", "", "C4,Crate", "The row has 2 values, the header 3."],
    ]
    again = start(hana)
    settle(site)
    assert hana.get(f"/api/v1{again}").json["result"]["result"]["unchanged"] == 2


def test_rest_imports_with_the_same_words(site):
    hana = logged_in(site, "hana")
    form = {"definition": "department", "mapping": '{"Code": "code", "Name": "name", "name_zh": "name_zh"}'}
    tried = hana.post(
        "/api/v1/imports/", data={**form, "file": file(BAD), "dry_run": "true"}, headers={"Accept-Language": "zh"}
    )
    assert tried.status_code == 200
    assert (tried.json["created"], len(tried.json["rejected"])) == (2, 2)
    assert "必填" in tried.json["rejected"][0]["reason"]
    headers = {"Idempotency-Key": "the file of today"}
    started = [hana.post("/api/v1/imports/", data={**form, "file": file(BAD)}, headers=headers) for _ in range(2)]
    assert {a.status_code for a in started} == {202}
    assert started[0].json == started[1].json
    settle(site)
    result = hana.get(started[0].headers["Location"]).json["result"]
    assert (result["state"], result["percent"]) == ("done", 100)
    assert (result["result"]["created"], result["result"]["rejected_count"]) == (2, 2)
    assert hana.get("/api/v1/jobs/").json["count"] == 1


@pytest.mark.parametrize("text", ["", "\n", "a,a\n1,2\n", "x,y\n1,2\n"])
def test_a_file_that_can_not_be_used_says_why(site, text):
    hana = logged_in(site, "hana")
    answer = hana.post("/api/v1/imports/", data={"definition": "department", "file": file(text)})
    assert answer.status_code == 422
    assert answer.json["title"]


def test_an_upload_belongs_to_who_made_it_and_its_name_is_never_a_path(site, tmp_path):
    hana, derek, emma = (logged_in(site, name) for name in ("hana", "derek", "emma"))
    answer = hana.post("/imports/new", data={"definition": "department", "file": file(GOOD, "../../evil.csv")})
    place = answer.headers["Location"]
    assert hana.get(place).status_code == 200
    assert not list(tmp_path.rglob("*evil*"))
    for client in (derek, emma):
        assert client.get(place).status_code == 404
        assert client.post(f"{place}/start").status_code == 404
        assert client.post("/imports/new", data={"definition": "department", "file": file(GOOD)}).status_code == 404
    assert hana.get("/imports/%2e%2e%2fsecret_key").status_code == 404
    assert "/login/" in site.test_client().get(place).headers["Location"]


def test_a_job_is_seen_by_its_starter_and_those_who_see_all(site):
    hana = logged_in(site, "hana")
    job = start(hana)
    for account, status in (("hana", 200), ("audrey", 200), ("derek", 404), ("sofia", 404), ("emma", 404)):
        client = logged_in(site, account)
        assert client.get(job).status_code == status, account
        assert client.get(f"/api/v1{job}").status_code == status, account
        refused = {"hana": 200, "audrey": 403}.get(account, 404)
        if account != "hana":
            assert client.post(f"/api/v1{job}/cancel").status_code in {refused, 404}, account
    assert "/login/" in site.test_client().get(job).headers["Location"]
    assert site.test_client().get(f"/api/v1{job}").status_code == 401


def test_a_job_is_cancelled_once_and_a_failed_one_goes_on(site):
    hana = logged_in(site, "hana")
    job = start(hana)
    assert hana.post(f"{job}/cancel").status_code == 303
    assert "cancelled" in hana.get(f"/api/v1{job}").json["result"]["state"]
    assert hana.post(f"/api/v1{job}/cancel").status_code == 409
    assert hana.post(f"/api/v1{job}/retry").status_code == 409
    other = start(hana)
    number = int(other.rsplit("/", 1)[1])
    with site.app_context():
        broken = {"state": "failed", "error": "The job was interrupted too often and was given up."}
        db.session.execute(update(store.jobs).where(store.jobs.c.id == number).values(broken))
        db.session.commit()
        db.session.remove()
    assert "interrupted too often" in hana.get(other).text
    assert "中断" in hana.get(f"/api/v1{other}", headers={"Accept-Language": "zh"}).json["result"]["error"]
    assert hana.post(f"{other}/retry").status_code == 303
    settle(site)
    assert hana.get(f"/api/v1{other}").json["result"]["state"] == "done"


def test_metrics_count_and_are_not_for_everybody(site):
    hana, audrey, derek = (logged_in(site, name) for name in ("hana", "audrey", "derek"))
    hana.get("/api/v1/department/")
    start(hana)
    local = site.test_client().get("/metrics")
    assert 'plumbline_requests_total{endpoint="api_records.list_records",method="GET",status="200"} 1' in local.text
    assert 'plumbline_jobs{state="queued"} 1' in local.text
    assert re.search(r"plumbline_catalog_version [1-9]", local.text)
    assert audrey.get("/metrics").status_code == 200
    assert derek.get("/metrics").status_code == 404
    for elsewhere in ({"REMOTE_ADDR": "10.0.0.9"}, {"HTTP_X_FORWARDED_FOR": "10.0.0.9"}):
        assert site.test_client().get("/metrics", environ_base=elsewhere).status_code == 404


def test_readiness_names_what_is_missing(site, monkeypatch):
    settings = site.config["PLUMBLINE"]
    monkeypatch.setitem(
        site.config, "PLUMBLINE", type(settings)(**{**vars(settings), "broker_url": "redis://127.0.0.1:1/0"})
    )
    answer = site.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "queue does not answer" in answer.json["broker"]
    assert answer.json["database"] == "ok"
    assert site.test_client().get("/healthz").status_code == 200


def test_an_old_upload_is_forgotten(site, tmp_path):
    hana = logged_in(site, "hana")
    place = uploaded(hana)
    about = next(tmp_path.rglob("about.json"))
    about.write_text(about.read_text().replace(str(units.utcnow().year), "2020"))
    settle(site)
    assert hana.get(place).status_code == 404
