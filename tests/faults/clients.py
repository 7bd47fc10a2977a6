"""Clients that read and write one definition over HTTP through several web processes, and remember what was acknowledged.

Used by test_publish_under_load. Each client is a thread with a login of its own; it changes only records that
it made itself, so that whatever it last had acknowledged must be what everybody finds.
"""

from __future__ import annotations

import http.cookiejar
import itertools
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

REST = "/api/v1/production_output/"
LIST = "/records/production_output/list/"
PATIENCE_SECONDS = 60


@dataclass
class Answer:
    """What a server said."""

    status: int
    body: bytes
    headers: Any

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    """One person at work: what failed, and what was acknowledged for each record (produced, version)."""

    number: int
    servers: Sequence[str]
    account: str = "hana"
    acknowledged: dict[int, tuple[int, int]] = field(default_factory=dict)
    newest: list[str] = field(default_factory=list)  # fields published so far, shared with the publisher
    failed: list[str] = field(default_factory=list)
    requests: int = 0
    opener: OpenerDirector = field(
        default_factory=lambda: build_opener(HTTPCookieProcessor(http.cookiejar.CookieJar()))
    )

    def log_in(self) -> None:
        """By the form, as a person does; the cookie serves all processes."""
        page = self.send("GET", "/login/").body.decode()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        form = {"username": self.account, "password": f"{self.account}-demo", "csrf_token": token[1] if token else ""}
        sent = self.send("POST", "/login/", urlencode(form).encode(), {"Referer": self.servers[0] + "/login/"})
        assert sent.status == 200, sent.body[:500]

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        at: int | None = None,
    ) -> Answer:
        """One request, to the processes in turn unless `at` names one."""
        server = self.servers[self.requests % len(self.servers) if at is None else at]
        self.requests += 1
        asked = Request(server + path, body, headers or {}, method=method)
        try:
            with self.opener.open(asked, timeout=PATIENCE_SECONDS) as answer:
                return Answer(answer.status, answer.read(), answer.headers)
        except HTTPError as error:
            return Answer(error.code, error.read(), error.headers)

    def rest(self, method: str, path: str, values: dict[str, Any] | None = None, **headers: str) -> Answer:
        body = None if values is None else json.dumps(values).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send(method, path, body, {"Content-Type": "application/json", **named})

    def expect(self, answer: Answer, status: int, what: str) -> bool:
        if answer.status != status:
            self.failed.append(f"{what}: {answer.status} {answer.body[:300].decode(errors='replace')}")
        return answer.status == status

    def work(self, department: int, stop: threading.Event) -> None:
        """Create, change, read and list until told to stop; every answer is looked at."""
        for number in itertools.count():
            if stop.is_set():
                return
            try:
                self.round(number, department)
            except Exception as error:  # whatever goes wrong is a finding
                self.failed.append(f"round {number}: {error!r}")
                return

    def round(self, number: int, department: int) -> None:
        day = date(2030, 1, 1) + timedelta(days=self.number * 5000 + number)
        values = {"day": day.isoformat(), "department": department, "planned": 10, "produced": 1}
        made = self.rest("POST", REST, values)
        if not self.expect(made, 201, "create"):
            return
        key = int(made.json["id"])
        self.acknowledged[key] = (1, 1)
        for produced in (number + 2, number + 3):
            version = self.acknowledged[key][1]
            fresh = dict.fromkeys(self.newest[-1:], "bad")  # taken only by a process that knows the field
            changed = self.rest("PUT", f"{REST}{key}", {"produced": produced, **fresh}, If_Match=f'"{version}"')
            if self.expect(changed, 200, "change"):
                self.acknowledged[key] = (produced, version + 1)
        self.expect(self.send("GET", f"{LIST}?order=-id"), 200, "list page")
        if self.expect(found := self.rest("GET", f"{REST}{key}"), 200, "show"):
            self.compare(key, found)
        if self.expect(listed := self.rest("GET", f"{REST}?order=-id&page_size=10"), 200, "list"):
            assert listed.json["result"], "an empty list"

    def compare(self, key: int, found: Answer) -> None:
        record = found.json["result"]
        seen = (int(record["produced"]), int(record["_version"]))
        if seen != self.acknowledged[key]:
            self.failed.append(f"record {key} is {seen}, acknowledged was {self.acknowledged[key]}")

    def check_all(self) -> None:
        """Every acknowledged write is found, with its version."""
        for key in self.acknowledged:
            if self.expect(found := self.rest("GET", f"{REST}{key}"), 200, "show at the end"):
                self.compare(key, found)
