"""Importing files: the real garment file, and files with something wrong in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from metadata import packs, publish, store
from metadata.access import system
from metadata.catalog import EMPTY
from metadata.engine import make_engine, publishing, writing
from metadata.errors import Invalid
from workflows import intake

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
FILE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "garment_productivity.csv"
real_file = pytest.mark.skipif(not FILE.exists(), reason="the garment file is not beside the project")


@pytest.fixture
def garments(database_url):
    engine = make_engine(database_url)
    with writing(), engine.begin() as connection:
        store.create(connection)
    with publishing(), Session(engine) as session, session.begin():
        documents = packs.load("garments").documents
        catalog = publish.publish(session, EMPTY, documents, actor=system("t"), comment="t", now=NOW)
    yield engine, catalog
    engine.dispose()


def bring(garments, path: Path, mapping: intake.Mapping | None = None) -> intake.Report:
    engine, catalog = garments
    with writing(), Session(engine) as session, session.begin():
        return intake.import_file(session, catalog, "team_productivity", system("t"), path, now=NOW, mapping=mapping)


@real_file
def test_the_garment_file_comes_in_whole_and_only_once(garments):
    first, second = bring(garments, FILE), bring(garments, FILE)
    assert (first.created, first.changed, first.rejected) == (1197, 0, [])
    assert (second.created, second.changed, second.unchanged) == (0, 0, 1197)
    engine, catalog = garments
    table = catalog["team_productivity"].table
    with Session(engine) as session:
        departments = dict(session.execute(select(table.c.department, func.count()).group_by(table.c.department)).all())
        below = session.scalar(select(func.count()).where(table.c.actual_productivity < table.c.targeted_productivity))
        empty = session.scalar(select(func.count()).where(table.c.wip.is_(None)))
    assert departments == {"sewing": 691, "finishing": 506}
    assert (below, empty) == (322, 506)


def test_a_bad_row_is_named_and_the_others_are_kept(garments, tmp_path):
    path = tmp_path / "rows.csv"
    head = "date,department,team,targeted_productivity,actual_productivity\n"
    path.write_text(head + "01-31-2015,sewing ,1,0.8,0.9\n13-31-2015,sewing,2,0.8,much\n01-31-2015,sewing\n")
    report = bring(garments, path)
    assert report.created == 1
    told = {(r.line, r.field, r.value) for r in report.rejected}
    assert told == {(3, "day", "13-31-2015"), (3, "actual_productivity", "much"), (4, "", "01-31-2015,sewing")}


def test_a_mapping_that_names_what_is_not_there_is_refused(garments, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid):
        bring(garments, path)
    with pytest.raises(Invalid):
        bring(garments, path, intake.Mapping({"c": "team"}))
