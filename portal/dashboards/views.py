"""The dashboard pages, their live figures, and the scripts and structures that draw them.

Registered by portal/app.py. Data passes board → payload → template; what was worded once is kept
per data version, reader's rows and language. Pages are the only ones whose policy takes a <style>
with the response's nonce, because BokehJS makes such elements (docs/decisions/0011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_login import current_user
from markupsafe import Markup

from metadata.deferred import Deferred
from portal import catalogs
from portal.access import current_actor, language
from portal.config import LANGUAGES
from portal.dashboards import board, pages, payload
from portal.dashboards.board import Reader
from portal.dashboards.cache import Recent
from portal.dashboards.filters import Filters
from portal.dashboards.payload import Filled
from portal.extensions import db
from portal.units import utcnow
from workflows.cycles import composites

if TYPE_CHECKING:
    from portal.dashboards import charts
else:
    charts = Deferred("portal.dashboards.charts")

FOR_EVER = "public, max-age=31536000, immutable"
blueprint = Blueprint("dashboards", __name__, url_prefix="/dashboards")
KEPT = 256  # boards, each some tens of kilobytes


@blueprint.record
def _remember(state: BlueprintSetupState) -> None:
    state.app.extensions["plumbline_dashboards"] = Recent(KEPT)


@blueprint.before_request
def _known_people_only() -> ResponseReturnValue | None:
    """BokehJS and structures say nothing about anybody; all else needs a login."""
    if current_user.is_authenticated or request.endpoint in ("dashboards.script", "dashboards.structures"):
        return None
    return redirect(url_for("AuthDBView.login", next=request.full_path))


@blueprint.get("/")
def overview() -> Response:
    """Every KPI that the reader may look at."""
    return _page("dashboards/overview.html", None)


@blueprint.get("/<name>")
def kpi(name: str) -> Response:
    """One KPI, divided."""
    return _page("dashboards/kpi.html", name)


@blueprint.get("/data.json")
def overview_data() -> Response:
    return _data(None)


@blueprint.get("/<name>/data.json")
def kpi_data(name: str) -> Response:
    return _data(name)


@blueprint.get("/structures/<edition>/<tongue>/<theme>.json")
def structures(edition: str, tongue: str, theme: str) -> Response:
    """The charts without their data; the address changes when they do."""
    if edition != charts.edition() or theme not in charts.THEMES or tongue not in LANGUAGES:
        abort(404)
    # Not Flask's own JSON: it sorts keys, and Bokeh reads an object before the references to it.
    answer = Response(orjson.dumps(charts.structures(tongue, theme)), mimetype="application/json")
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


@blueprint.get("/bokeh-<version>.min.js")
def script(version: str) -> Response:
    """BokehJS as the installed package has it."""
    if version != charts.VERSION:
        abort(404)
    answer = send_file(charts.SCRIPT, mimetype="text/javascript", conditional=True)
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


def latest_halves() -> list[tuple[str, str, pages.Row]]:
    """Each KPI's last half-year as the current reader may see it, for the start page; kept like the overview."""
    return pages.latest_halves(_fill(_reader(), Filters.of({}), None).board)


def _page(template: str, name: str | None) -> Response:
    reader, filters = _reader(), Filters.of(request.args)
    filled = _fill(reader, filters, name)
    endpoint, view = ("dashboards.overview", {}) if name is None else ("dashboards.kpi", {"name": name})
    g.csp_extra = {"style-src": [f"'nonce-{g.csp_nonce}'"]}
    return make_response(
        render_template(
            template,
            filled=filled,
            filters=filters,
            options=pages.options(filled.board),
            periods=pages.periods(filled.board, endpoint, **view),
            path=pages.path(filled.board) if name else [],
            title=pages.title(filled.board.series[0], filled.board) if name else "",
            help=reader.catalog[name].definition.texts.get("description", reader.language) if name else "",
            overview_url=url_for("dashboards.overview", **filters.arguments(department="")),
            whole_url=url_for(endpoint, **view, **filters.arguments(department="")),
            data_url=url_for(f"{endpoint}_data", **view, **filters.arguments()),
            structures_url=_structures_url(reader),
            bokeh_url=url_for("dashboards.script", version=charts.VERSION),
            embedded=_embedded(filled.charts),
            has_scores=composites.may_see(reader.actor, reader.catalog),
        )
    )


def _data(name: str | None) -> Response:
    filled = _fill(_reader(), Filters.of(request.args), name)
    answer = Response(filled.json, mimetype="application/json")
    answer.set_etag(filled.version)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.make_conditional(request)
    return answer


def _fill(reader: Reader, filters: Filters, name: str | None) -> Filled:
    session = db.session()
    today = utcnow().astimezone(current_app.config["PLUMBLINE"].zone).date()
    version = (name, filters, reader.language, today.replace(day=1), *board.version(session, reader, name))
    filled: Recent[Filled] = current_app.extensions["plumbline_dashboards"]
    return filled.get(
        version,
        lambda: payload.fill(board.gather(session, reader, filters, name, today), version, single=name is not None),
    )


def _reader() -> Reader:
    return Reader(current_actor(), catalogs.current(), language())


def _structures_url(reader: Reader) -> str:
    return url_for("dashboards.structures", edition=charts.edition(), tongue=reader.language, theme="THEME")


def _embedded(text: bytes) -> Markup:
    """JSON inside a script element: no text in it may end the element."""
    return Markup(text.decode().replace("<", "\\u003c"))  # noqa: S704 (escaped for where it stands)
