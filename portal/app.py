"""The one place that wires: settings, database, Flask-AppBuilder, rooms of the portal, workflows.

Read this file first. `create_app` makes the web application; `migrate` brings the engine's own tables
and the roles up to date; `workers_of` binds the workflows to this installation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, g
from flask_appbuilder import AppBuilder
from flask_appbuilder.menu import Menu
from flask_login import current_user
from sqlalchemy.orm import Session, sessionmaker

from metadata import publish
from metadata import store as metadata_store
from metadata.access import load_actor, may_design, may_read_definitions
from metadata.engine import engine_options, prepare, reading, writing
from metadata.versions import CatalogSource
from portal import access, config, errors, menu, metrics, permissions, security, seeing
from portal import home as start
from portal.access import Actors
from portal.accounts.rules import may_manage
from portal.addresses import RecordNumber, Route
from portal.api import access as api_access
from portal.api import audit as api_audit
from portal.api import bulk as api_bulk
from portal.api import bulk_edits as api_bulk_edits
from portal.api import comments as api_comments
from portal.api import composites as api_composites
from portal.api import cycles as api_cycles
from portal.api import definitions as api_definitions
from portal.api import entry, idempotency, openapi, reference
from portal.api import files as api_files
from portal.api import goal_cascades as api_goal_cascades
from portal.api import goal_clashes as api_goal_clashes
from portal.api import goal_closing as api_goal_closing
from portal.api import goal_due as api_goal_due
from portal.api import goal_pace as api_goal_pace
from portal.api import goal_templates as api_goal_templates
from portal.api import goals as api_goals
from portal.api import imports as api_imports
from portal.api import jobs as api_jobs
from portal.api import ledger as api_ledger
from portal.api import revisions as api_revisions
from portal.api import scorecards as api_scorecards
from portal.api import tokens as api_tokens
from portal.api import training as api_training
from portal.api import views as api_views
from portal.assets import Assets
from portal.config import Settings
from portal.dashboards import composites
from portal.dashboards.subjects import may_see as may_see_dashboards
from portal.dashboards.views import blueprint as dashboards
from portal.extensions import READING, csrf, db
from portal.formats import register as register_formats
from portal.grades import register as register_grades
from portal.home import goals as my_goals
from portal.home import reviews as my_reviews
from portal.home import work
from portal.security import PortalSecurityManager, seed_roles
from portal.views import (
    account,
    accounts,
    audit,
    bulk_edits,
    cells,
    comments,
    cycles,
    designer,
    directory,
    files,
    goal_cascades,
    goal_clashes,
    goal_closing,
    goal_history,
    goal_pace,
    goal_templates,
    goals,
    guides,
    health,
    history,
    home,
    imports,
    inbox,
    jobs,
    keys,
    ledger,
    list_export,
    lists,
    matrix,
    onboarding,
    panels,
    purging,
    records,
    relations,
    restoring,
    reviews,
    roles,
    saved_views,
    scorecards,
    surveys,
    tours,
    training,
    trees,  # noqa: F401 (pages on the blueprint of records)
    whatif,
    why,
)
from portal.views import seeing as seeing_pages
from workflows import bulk_edits as all_bulk_edits
from workflows import comments as all_comments
from workflows import people, queue, relying, staged_publish
from workflows import store as workflows_store
from workflows.cycles import launching as cycle_launching
from workflows.cycles import reminders as cycle_reminders
from workflows.cycles import scoring as cycle_scoring
from workflows.delivery import senders
from workflows.goals import check_ins as goal_check_ins
from workflows.goals import closing as goal_closings
from workflows.goals import feeding as goal_feeding
from workflows.goals import following as goal_following
from workflows.goals import progress as goal_progress
from workflows.goals import rules as goal_rules
from workflows.goals.templates import giving as goal_giving
from workflows.goals.templates import undoing as goal_undoing
from workflows.intake import importing
from workflows.onboarding import start as onboarding_start
from workflows.training import changes as training_changes

# Imported for what they register with the outbox and the tick; web and worker alike need them.
LISTENING = (
    all_bulk_edits,
    all_comments,
    onboarding_start,
    importing,
    training_changes,
    cycle_launching,
    cycle_reminders,
    cycle_scoring,
    goal_check_ins,
    goal_closings,
    goal_feeding,
    goal_giving,
    goal_undoing,
    goal_following,
    goal_progress,
    goal_rules,
    relying,
    staged_publish,
)
# Imported for the routes that they add to the blueprint of records.
OF_GOALS = (
    goal_cascades,
    goal_clashes,
    goal_closing,
    goal_history,
    goal_pace,
    api_goal_cascades,
    api_goal_clashes,
    api_goal_closing,
    api_goal_due,
    api_goal_pace,
    goal_templates,
)
OF_RECORDS = (lists, list_export, saved_views, cells, bulk_edits, relations, comments)
ROOT = Path(__file__).resolve().parent.parent


class Portal(Assets):
    """Flask with our routes and files, told that every view and hook of ours is a plain function."""

    url_rule_class = Route

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Without asking each of them at each request."""
        return func


def create_app(settings: Settings | None = None) -> Flask:
    """The web application of the installation that `settings` (default: the environment) name."""
    settings = settings or config.load()
    app = Portal("portal", root_path=str(ROOT / "portal"), static_folder=str(ROOT / "static"))
    app.config.from_mapping(_flask_config(settings))
    app.extensions["plumbline_catalogs"] = CatalogSource()
    app.extensions["plumbline_actors"] = Actors()
    app.url_map.converters["int"] = RecordNumber
    db.init_app(app)
    csrf.init_app(app)
    with app.app_context():
        app.extensions[READING] = reading(prepare(db.engine))
        builder = AppBuilder(
            app, db.session, menu=Menu(), indexview=home.HomeView, base_template="base.html", update_perms=False
        )
        builder.bm.babel.locale_selector = access.chosen_language
    app.extensions["babel"].locale_selector = access.chosen_language
    app.extensions["babel"].timezone_selector = access.chosen_zone
    metrics.register(app)
    security.register(app)
    publish.STANDING[:] = [permissions.follow]
    entry.register(app)
    seeing.register(app)
    idempotency.register(app)
    errors.register(app)
    register_formats(app)
    register_grades(app)
    _rooms(app)
    app.context_processor(_page_context)
    app.teardown_request(_end)
    return app


def _flask_config(settings: Settings) -> dict[str, Any]:
    return {
        "PLUMBLINE": settings,
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "FAB_SECURITY_MANAGER_CLASS": "portal.security.PortalSecurityManager",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_API": False,
        "FAB_ADD_OPENAPI_VIEWS": False,
        "AUTH_TYPE": 1,
        "AUTH_RATE_LIMITED": True,
        "AUTH_RATE_LIMIT": "30 per minute",
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": "memory://",
        "LANGUAGES": {"en": {"flag": "gb", "name": "English"}, "zh": {"flag": "cn", "name": "中文"}},
        "BABEL_DEFAULT_LOCALE": settings.language,
        "BABEL_DEFAULT_TIMEZONE": settings.timezone,
        "APP_NAME": "Plumbline",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": max(32 * 1024 * 1024, settings.file_limit + 1024 * 1024),
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _rooms(app: Flask) -> None:
    app.register_blueprint(records.blueprint)
    app.register_blueprint(directory.blueprint)
    for api_of_records in (api_bulk, api_bulk_edits):  # parts of one room
        csrf.exempt(api_of_records.blueprint)
    app.register_blueprint(api_bulk.blueprint)
    api_tokens.register(app)
    csrf.exempt(api_tokens.blueprint)
    for room in (openapi, reference, keys, jobs, imports, files):
        app.register_blueprint(room.blueprint)
    for api in (api_jobs, api_imports, api_files):
        app.register_blueprint(api.blueprint)
        csrf.exempt(api.blueprint)
    app.register_blueprint(dashboards)
    app.register_blueprint(composites.blueprint)
    app.register_blueprint(inbox.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(home.blueprint)
    app.register_blueprint(training.blueprint)
    app.register_blueprint(onboarding.blueprint)
    app.register_blueprint(tours.blueprint)
    app.register_blueprint(guides.blueprint)
    app.register_blueprint(api_training.blueprint)
    csrf.exempt(api_training.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(roles.blueprint)
    for pages in (goals, matrix, seeing_pages, why, api_access, audit, designer, history, purging, restoring):
        app.register_blueprint(pages.blueprint)
    for api in (api_definitions, api_revisions, api_audit, api_views, api_comments, api_goals, api_goal_templates):
        app.register_blueprint(api.blueprint)
        csrf.exempt(api.blueprint)
    app.before_request(account.change_given_password)
    records.SAID[:] = [comments.said]
    records.LINKS[:] = [goal_templates.action_for, accounts.action_for, seeing_pages.action_for, why.action_for]
    panels.DUE[:] = [my_goals.due, my_reviews.due, onboarding.due, surveys.due]
    panels.PANELS[:] = [
        panels.Panel("my-tasks", panels.DUE_TITLE, "panels/due.html", panels.due),
        panels.Panel("my-goals", panels.GOALS, "panels/records.html", panels.goals),
        panels.Panel("my-reviews", panels.REVIEWS, "panels/records.html", my_reviews.mine),
        panels.Panel("my-courses", training.MINE, "panels/courses.html", training.panel),
    ]
    start.CARDS[:] = work.CARDS
    app.register_blueprint(cycles.blueprint)
    app.register_blueprint(api_cycles.blueprint)
    csrf.exempt(api_cycles.blueprint)
    for room in (reviews, ledger, scorecards, whatif, surveys):
        app.register_blueprint(room.blueprint)
    for api in (api_ledger, api_scorecards, api_composites):
        app.register_blueprint(api.blueprint)
        csrf.exempt(api.blueprint)
    menu.WITH_ROOM.update({"cycle", "review", "scorecard"})
    menu.FIXED[:] = [
        menu.Fixed("performance", home.DASHBOARDS, "dashboards.overview", may_see_dashboards),
        menu.Fixed("performance", cycles.TITLE, "cycles.index", cycles.visible),
        menu.Fixed("performance", scorecards.TITLE, "scorecards.index", scorecards.visible),
        menu.Fixed("performance", whatif.TITLE, "whatif.index", whatif.visible),
        menu.Fixed("organisation", surveys.TITLE, "surveys.index", surveys.visible),
        menu.Fixed("goals", goals.TITLE, "goals.index", goals.visible),
        menu.Fixed("goals", goal_clashes.TITLE, "goals.clashes", goals.visible),
        menu.Fixed("training", training.TITLE, "training.index", training.visible),
        menu.Fixed("training", onboarding.TITLE, "onboarding.index", onboarding.visible),
        menu.Fixed("data", imports.TITLE, "imports.new", imports.visible),
        menu.Fixed("data", jobs.TITLE, "jobs.list_page", jobs.visible),
        menu.Fixed("administration", designer.TITLE, "designer.index", may_design),
        menu.Fixed("administration", history.TITLE, "history.index", may_read_definitions),
        menu.Fixed("administration", reference.TITLE, "api_reference.overview", reference.visible),
        menu.Fixed("administration", accounts.TITLE, "accounts.list_page", may_manage),
        menu.Fixed("administration", roles.TITLE, "roles.list_page", may_manage),
        menu.Fixed("administration", matrix.TITLE, "matrix.page", matrix.visible),
        menu.Fixed("administration", audit.TITLE, "audit.list_page", audit.visible),
    ]


def _page_context() -> dict[str, Any]:
    """What every template knows."""
    return {"csp_nonce": g.get("csp_nonce", ""), "page": home.PageContext(current_user)}


def _end(_error: BaseException | None) -> None:
    db.session.remove()


def migrate(app: Flask) -> None:
    """Create or update the engine's own tables, Flask-AppBuilder's, and the roles; safe to repeat."""
    with app.app_context():
        with writing(), db.engine.begin() as connection:
            metadata_store.create(connection)
            workflows_store.create(connection)
        manager: PortalSecurityManager = app.appbuilder.sm  # type: ignore[attr-defined]
        with writing():
            manager._create_db()
            seed_roles(manager)
        db.session.remove()
        with writing():
            session = db.session()
            permissions.catch_up(session, app.extensions["plumbline_catalogs"].current(session))
            session.commit()
        db.session.remove()


def bind_workflows(app: Flask) -> None:
    """Tell the workflows how to reach this installation; called once in each process."""
    settings: Settings = app.config["PLUMBLINE"]
    with app.app_context():
        engine = db.engine
    catalogs: CatalogSource = app.extensions["plumbline_catalogs"]

    def actor(session: Session, catalog: Any, account: str) -> Any:
        user = app.appbuilder.sm.user_model  # type: ignore[attr-defined]
        found = session.query(user).filter(user.username == account).one_or_none()
        return load_actor(session, catalog, account, [r.name for r in found.roles] if found else [])

    queue.make_celery(settings.broker_url)
    queue.bind(
        queue.Installation(
            sessions=sessionmaker(engine, expire_on_commit=False),
            catalog=catalogs.current,
            actor=actor,
            person=people.person_for,
            sender=senders.sender_for(settings.smtp_url),
            base_url=f"http://{settings.bind}",
            uploads=settings.data_dir / "uploads",
            zone=settings.zone,
        )
    )
