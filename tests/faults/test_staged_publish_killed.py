"""A worker killed while it prepares a large publish: another goes on, and every value is there."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.workflows.test_staged_publish import ROWS, filled, site
from workflows import jobs

FIXTURES = (site, filled)
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.faults
def test_another_worker_goes_on_where_it_stopped(filled, database_url):
    filled.clock.now = datetime.now(UTC)
    job_id = filled.start(filled.document(x={"type": "integer"}))
    command = [sys.executable, "-m", "tests.faults.staged_publisher", database_url, str(job_id)]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert (filled.job(job_id).state, filled.job(job_id).done) == (jobs.RUNNING, 3)
    assert filled.values()[1] == "1"
    filled.clock.now = datetime.now(UTC)
    filled.clock.forward(minutes=2)
    filled.work_off()
    assert filled.job(job_id).state == jobs.DONE
    assert filled.values() == [None, 1, None, 3, None, 5, None, 7, None, 9]
    assert len(filled.values()) == ROWS
