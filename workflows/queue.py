"""The Celery app, its broker, and the wake-up that follows a commit.

Called by `portal/app.py` (`make_celery`, `bind`), by the command line (`run_worker`, `run_scheduler`), by
/readyz (`check`) and by services that want a worker soon (`nudge`). Promises: the truth is in the database,
so a message only wakes somebody up; it is sent only after the commit of its session; a broker that is
away never fails whoever nudges and delays at most one of them in ten seconds: it is logged, `check` names
it, and the next tick does the work.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from kombu.connection import Connection
from sqlalchemy import event
from sqlalchemy.orm import Session, scoped_session

from workflows import sqlite_queue
from workflows.installation import Installation, Person, bind, bound, reading, unit_of_work

__all__ = [
    "Installation",
    "Person",
    "bind",
    "bound",
    "celery_app",
    "check",
    "make_celery",
    "nudge",
    "reading",
    "run_scheduler",
    "run_worker",
    "send",
    "unit_of_work",
]

log = logging.getLogger(__name__)

QUEUE = "plumbline"
TICK, RUN_JOB = "plumbline.tick", "plumbline.run_job"
CONNECT_SECONDS = 2.0
REST_SECONDS = 10.0
WINDOW_SECONDS = 0.5
PENDING = "plumbline_nudges"

celery_app = Celery("plumbline", include=["workflows.tasks"], set_as_current=False)


def make_celery(broker_url: str) -> Celery:
    """The app of this process, set to the broker, with the tasks and the beat table of tasks.py."""
    celery_app.conf.update(
        broker_url=sqlite_queue.url_for(broker_url),
        broker_transport_options=_transport_options(broker_url),
        broker_connection_timeout=CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        timezone="UTC",
    )
    celery_app._pool = celery_app.amqp._producer_pool = None
    return celery_app


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith("redis"):
        return {"socket_connect_timeout": CONNECT_SECONDS}
    return {"polling_interval": 0.2} if broker_url.startswith("sqla+sqlite") else {}


def check(broker_url: str) -> str | None:
    """None when the broker takes messages, else one sentence for /readyz."""
    options = _transport_options(broker_url)
    url = sqlite_queue.url_for(broker_url)
    try:
        with Connection(  # type: ignore[no-untyped-call]
            url, connect_timeout=CONNECT_SECONDS, transport_options=options
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=CONNECT_SECONDS)
            connection.channel().queue_declare(QUEUE, durable=True, auto_delete=False)
    except Exception as error:  # noqa: BLE001 (each broker has its own family)
        return f"The queue does not answer: {(str(error) or type(error).__name__).splitlines()[0]}."
    return None


def nudge(session: Session | scoped_session[Session], task: str = TICK, *arguments: Any) -> None:
    """Wake a worker up once this session has committed; nothing is sent if it rolls back."""
    own = session() if isinstance(session, scoped_session) else session
    if PENDING not in own.info:
        own.info[PENDING] = {}
        event.listen(own, "after_commit", _send_pending)
        event.listen(own, "after_rollback", _forget_pending)
    own.info[PENDING][task, arguments] = None


def _send_pending(session: Session) -> None:
    if session.in_nested_transaction():  # fires for savepoints too; only the outermost commit counts
        return
    pending = list(session.info[PENDING])
    session.info[PENDING].clear()
    for task, arguments in pending:
        if task == TICK:
            _pace.send_tick()
        else:
            send(task, *arguments)


def _forget_pending(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info[PENDING].clear()


def send(task: str, *arguments: Any, countdown: float = 0.0) -> bool:
    """Put a message into the queue; False, and a line in the log, if the broker is away."""
    if time.monotonic() < _pace.rest_until:
        return False
    try:
        celery_app.send_task(task, args=arguments, countdown=countdown or None, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 (the work is in the database; whoever asked must not fail)
        _pace.rest_until = time.monotonic() + REST_SECONDS
        log.warning("the queue does not take messages, work waits for the next tick: %s", error)
        return False
    return True


class _Pace:
    """Many commits in a moment wake a worker twice: at once, and half a second later for the rest."""

    def __init__(self) -> None:
        self.rest_until = 0.0
        self.window_ends = 0.0
        self.trailing = False

    def send_tick(self) -> None:
        now = time.monotonic()
        if now >= self.window_ends:
            self.window_ends, self.trailing = now + WINDOW_SECONDS, False
            send(TICK)
        elif not self.trailing:
            self.trailing = send(TICK, countdown=WINDOW_SECONDS)


_pace = _Pace()


def run_worker(concurrency: int = 2, *, name: str = "worker@%h") -> None:
    """Serve the queue until SIGTERM. Gossip and mingle would need broadcasts, which SQLite has not."""
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    celery_app.worker_main(["worker", "--concurrency", str(concurrency), "--hostname", name, *flags])


def run_scheduler() -> None:
    """Send the beat table's messages until SIGTERM. It keeps no state: what is due is asked of the database."""
    celery_app.Beat(scheduler_cls="celery.beat:Scheduler", schedule=None, loglevel="WARNING").run()


@worker_process_init.connect(weak=False)
def _leave_parent_connections(**_signal: Any) -> None:
    """A database connection made before the fork belongs to the parent."""
    with bound().sessions() as session:
        session.get_bind().dispose(close=False)  # type: ignore[union-attr]
