"""Fixtures for every test: databases, brokers, a mailbox, a browser; and the backends' summary.

Backends are found once per run, in the first process, and handed to xdist's workers. Tests get a
database or broker of their own through the fixtures below and never talk to a server elsewhere:
connections that leave this machine are refused.
"""

import gc
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from zlib import crc32

import pytest
from playwright.sync_api import Browser, Page

from tests.backends import Backend, find_all
from tests.brokers import rabbitmq_host, redis_database
from tests.chromium import Visit, find_chromium, running_browser
from tests.databases import Databases, drop_forgotten
from tests.mailbox import Mailbox, running_mailbox

KINDS = ("sqlite", "postgresql")
BACKENDS = pytest.StashKey[dict[str, Backend]]()
STARTED = pytest.StashKey[ExitStack]()
BROWSER_FIXTURES = {"browser", "visit", "page"}
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


def pytest_configure(config: pytest.Config) -> None:
    for name in [name for name in os.environ if name.startswith("PLUMBLINE_") and "_TEST_" not in name]:
        del os.environ[name]
    started = config.stash[STARTED] = ExitStack()
    handed = getattr(config, "workerinput", {}).get("backends")
    if handed:
        config.stash[BACKENDS] = {name: Backend(**row) for name, row in json.loads(handed).items()}
    elif not config.option.collectonly:
        config.stash[BACKENDS] = find_all(started) | {"browser": _browser_backend()}
        server = config.stash[BACKENDS]["postgresql"].url
        if server:
            drop_forgotten(server)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[STARTED].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    rows = {name: backend.as_dict() for name, backend in node.config.stash[BACKENDS].items()}
    node.workerinput["backends"] = json.dumps(rows)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--spread",
        action="store_true",
        help="run each test of pages and REST on one of the databases, half of them on each, unless marked both_databases",
    )


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests share one browser, so one worker runs them; `serial` tests never overlap each other."""
    if config.option.spread:
        left_out = [item for item in items if not _on_its_database(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    for item in items:
        if _in_a_browser(item):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
        elif item.get_closest_marker("serial"):
            item.add_marker(pytest.mark.xdist_group("serial"))


def _on_its_database(item: pytest.Item) -> bool:
    """Whether a spread run has this test on this database: what SQL decides is told by the lower floors on both."""
    kind = getattr(getattr(item, "callspec", None), "params", {}).get("database_kind")
    if kind is None or "tests/portal/" not in item.nodeid or item.get_closest_marker("both_databases"):
        return True
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[kind]
    either = sorted((item.nodeid, item.nodeid.replace(kind, other)))
    return either[crc32("".join(either).encode()) % 2] == item.nodeid


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not look through it again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.user_properties.extend(("backend", name) for name in sorted(_backends_of(item)))


def _backends_of(item: pytest.Item) -> set[str]:
    names = set(getattr(item, "fixturenames", ()))
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    used = {value for value in parameters.values() if value in KINDS}
    used |= {name for name in ("redis", "rabbitmq") if f"{name}_url" in names}
    marker = item.get_closest_marker("backend")
    return used | set(marker.args if marker else ()) | ({"browser"} if _in_a_browser(item) else set())


def _in_a_browser(item: pytest.Item) -> bool:
    """Whether a test drives the browser; a parameter that is called as one of its fixtures is none."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return bool(BROWSER_FIXTURES & set(getattr(item, "fixturenames", ())) - set(parameters))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which backends the run really used, loudly where one was missing."""
    ran: dict[str, dict[str, int]] = {}
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            if report.when == "call" or outcome == "skipped":
                for name in {value for key, value in report.user_properties if key == "backend"}:
                    ran.setdefault(name, {}).setdefault(outcome, 0)
                    ran[name][outcome] += 1
    terminalreporter.section("backends")
    for name, backend in config.stash.get(BACKENDS, {}).items():
        counts = ran.get(name, {})
        tests = counts.get("passed", 0) + counts.get("failed", 0)
        if backend.url is None:
            skipped = counts.get("skipped", 0)
            terminalreporter.line(f"{name}: NOT AVAILABLE, {skipped} tests skipped: {backend.how}", red=True, bold=True)
        else:
            terminalreporter.line(f"{name}: {tests} tests ran ({backend.how})")


def _browser_backend() -> Backend:
    path = find_chromium()
    return Backend("browser", path, f"found at {path}" if path else "no chromium on PATH; set PLUMBLINE_TEST_CHROMIUM")


@pytest.fixture(scope="session", autouse=True)
def _no_way_out() -> Iterator[None]:
    """A test that talks to another machine would pass here and fail there."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"A test tried to reach {address}; tests stay on this machine.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def backends(request: pytest.FixtureRequest) -> dict[str, Backend]:
    return request.config.stash[BACKENDS]


@pytest.fixture(scope="session")
def needs(backends: dict[str, Backend]) -> Callable[[str], str]:
    """`needs("redis")` gives the server's URL, or skips the test with the reason."""

    def url_of(name: str) -> str:
        backend = backends[name]
        if backend.url is None:
            pytest.skip(f"{name} is not available: {backend.how}")
        return backend.url

    return url_of


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest, needs: Callable[[str], str]) -> str:
    """Runs the test twice: "sqlite" and "postgresql"."""
    needs(request.param)
    return str(request.param)


@pytest.fixture(scope="session")
def databases(backends: dict[str, Backend]) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(backends, stack)


@pytest.fixture
def database_url(database_kind: str, databases: Databases) -> Iterator[str]:
    """An empty database of this test's own, on each kind."""
    with databases.fresh(database_kind) as url:
        yield url


@pytest.fixture
def redis_url(needs: Callable[[str], str]) -> Iterator[str]:
    with redis_database(needs("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url(needs: Callable[[str], str]) -> Iterator[str]:
    with rabbitmq_host(needs("rabbitmq")) as url:
        yield url


@pytest.fixture
def smtp_server() -> Iterator[Mailbox]:
    with running_mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def browser(needs: Callable[[str], str]) -> Iterator[Browser]:
    with running_browser(needs("browser")) as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """`visit()` opens one person's browser window; fails the test if a request left the host or a policy broke."""
    visits: list[Visit] = []

    def open_one(**options: object) -> Visit:
        visits.append(Visit(browser, **options))
        return visits[-1]

    yield open_one
    for opened in visits:
        opened.context.close()
    assert [problem for opened in visits for problem in opened.problems] == []


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    return visit().page()
