"""A process that publishes a new field and kills itself at the step it is told: `python -m tests.faults.publisher URL STEP`."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from metadata import publish
from metadata.access import system
from metadata.engine import make_engine, publishing
from metadata.parser import thawed
from metadata.versions import load_catalog


def main(url: str, fatal: str) -> None:
    """Publish; at `fatal` the process dies as by a power cut."""

    def step(name: str) -> None:
        if name == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    with publishing(), Session(make_engine(url)) as session:
        catalog = load_catalog(session)
        document = thawed(catalog["production_output"].definition.document)
        document["properties"]["quality"] = {
            "type": "string",
            "title": "Quality",
            "enum": ["good", "bad"],
            "default": "good",
        }
        document["required"].append("quality")
        fresh = {**thawed(catalog["position"].definition.document), "$id": "safety_audit"}
        now = datetime.now(UTC)
        publish.publish(session, catalog, [document, fresh], actor=system("t"), comment="t", now=now, step=step)
        session.commit()
        step("committed")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
