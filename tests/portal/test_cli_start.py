"""What a part says when it starts and something is missing; a whole start is in tests/portal/test_walk.py and tests/faults."""

from __future__ import annotations

import json

from tests.processes import product_environment, run_product, running_product
from tests.waiting import eventually


def test_a_database_that_is_away_stops_the_start_in_one_sentence(tmp_path):
    environment = product_environment(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    for part in ("web", "up"):
        ended = run_product(part, environment=environment)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
        assert "PLUMBLINE_DATABASE_URL" in ended.stderr


def test_a_broker_that_is_away_is_named_and_waited_for(tmp_path):
    environment = product_environment(tmp_path, BROKER_URL="redis://127.0.0.1:1/0")
    assert run_product("migrate", environment=environment).returncode == 0
    with running_product("worker", environment=environment) as worker:
        eventually(lambda: "PLUMBLINE_BROKER_URL" in worker.output, "the sentence about the broker", timeout=60)
        assert worker.process.poll() is None


def test_a_command_in_a_process_of_its_own_says_one_thing(tmp_path):
    environment = product_environment(tmp_path)
    assert run_product("migrate", "--json", environment=environment).stdout.strip().startswith("{")
    listed = run_product("pack", "list", "--json", environment=environment)
    assert (listed.stderr, {p["installed"] for p in json.loads(listed.stdout)}) == ("", {None})
