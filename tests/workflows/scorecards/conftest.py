"""The demo company of the cycles' tests."""

from tests.workflows.cycles.conftest import _broker, company, running

__all__ = ["_broker", "company", "running"]
