"""A broker of one's own: an unused Redis database, a RabbitMQ virtual host.

Used through the fixtures of tests/conftest.py. A Redis or RabbitMQ found on this machine may be
somebody's; so a test claims a Redis database that holds nothing, and leaves it empty, and gets a
virtual host made for the run where `rabbitmqctl` permits it.
"""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from sqlalchemy.engine import make_url

CLAIM = "plumbline-test-claim"
CLAIM_SECONDS = 1800


@contextmanager
def redis_database(server: str) -> Iterator[str]:
    """The URL of a Redis database that was empty; flushed before and after."""
    for number in range(1, 16):
        url = make_url(server).set(database=str(number)).render_as_string(hide_password=False)
        with redis.Redis.from_url(url) as client:
            if client.dbsize() != 0 or not client.set(CLAIM, "1", nx=True, ex=CLAIM_SECONDS):
                continue
            try:
                yield url
            finally:
                client.flushdb()
            return
    raise LookupError("All Redis databases from 1 to 15 hold something; name a server in PLUMBLINE_TEST_REDIS_URL.")


@contextmanager
def rabbitmq_host(server: str) -> Iterator[str]:
    """The URL of a virtual host made for this run, or the server's own where none can be made."""
    control, name = shutil.which("rabbitmqctl"), f"plumbline_test_{secrets.token_hex(4)}"
    user = make_url(server).username or "guest"
    if control is None or not _done(control, "add_vhost", name):
        yield server
        return
    try:
        _done(control, "set_permissions", "-p", name, user, ".*", ".*", ".*")
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _done(control, "delete_vhost", name)


def _done(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
