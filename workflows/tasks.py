"""The Celery tasks: thin shells over plain functions, and the beat table.

A message carries ids or nothing; a lost one only delays, a repeated one does nothing twice.
"""

from __future__ import annotations

from workflows import job_runner, queue, tick


@queue.celery_app.task(name=queue.TICK)
def run_tick() -> None:
    """One turn, then a message for each job that nobody works at."""
    tick.run(queue.bound())
    for job_id in tick.jobs_waiting(queue.bound()):
        queue.send(queue.RUN_JOB, job_id)


@queue.celery_app.task(name=queue.RUN_JOB)
def run_job(job_id: int) -> None:
    """One slice of a job; the rest of it queues up behind the others."""
    if job_runner.run(queue.bound(), job_id, tick.owner()):
        queue.send(queue.RUN_JOB, job_id)


TICK_SECONDS = 5.0

# What runs when. A tick that waited longer than one period is thrown away: the next one does its work.
queue.celery_app.conf.beat_schedule = {
    "tick": {"task": queue.TICK, "schedule": TICK_SECONDS, "options": {"expires": TICK_SECONDS}},
}
