"""A publish killed at any of its steps leaves a whole catalog, before or after."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from metadata.engine import make_engine
from metadata.versions import load_catalog
from tests.workflows.demo_company import install_packs

ROOT = Path(__file__).resolve().parents[2]
STEPS = ("locked", "created", "altered", "recorded", "hooked", "committed")


@pytest.mark.faults
@pytest.mark.parametrize("step", STEPS)
def test_leaves_a_whole_catalog(database_url, step):
    engine = make_engine(database_url)
    before = install_packs(engine).version
    engine.dispose()
    command = [sys.executable, "-m", "tests.faults.publisher", database_url, step]
    killed = subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    after = step == "committed"
    with Session(engine) as session:
        catalog = load_catalog(session)
    inspector = inspect(engine)
    columns = {c["name"] for c in inspector.get_columns("rec_production_output")}
    assert catalog.version == before + after
    assert ("quality" in catalog["production_output"].definition.fields) == after
    assert ("quality" in columns) == after
    assert ("safety_audit" in catalog) == after
    assert inspector.has_table("rec_safety_audit") == after
    engine.dispose()
