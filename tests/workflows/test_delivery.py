"""Telling people: inbox at once, mail through a real server, each piece of news once."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from metadata.errors import Invalid
from tests.backends import free_port
from tests.workflows.installed import START, Clock, engine_for, install
from workflows import inbox, queue, tick
from workflows.delivery import notices, post, senders
from workflows.delivery.notices import Notice
from workflows.store import deliveries


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(database_url: str) -> Iterator[Any]:
    engine = engine_for(database_url)
    yield engine
    engine.dispose()


def tell(account: str = "emma", key: str = "one", kind: str = "job_done") -> bool:
    with queue.unit_of_work() as session:
        return notices.notify(session, account, kind, {"title": "Import"}, "/jobs/1", START, key)


def states(session: Session) -> list[tuple[str, str | None]]:
    statement = select(deliveries.c.state, deliveries.c.error).order_by(deliveries.c.id)
    return [(state, error) for state, error in session.execute(statement)]


def delivered() -> list[tuple[str, str | None]]:
    with queue.reading() as session:
        return states(session)


class TestNotify:
    def test_reaches_the_inbox_at_once_in_the_readers_language(self, engine, clock) -> None:
        install(engine, clock=clock)
        tell()
        with queue.reading() as session:
            assert inbox.unread_count(session, "emma") == 1
            message = inbox.messages(session, "emma", "zh")[0]
        assert (message.subject, message.link, message.is_new) == ("已完成：Import", "/jobs/1", True)

    def test_tells_the_same_news_once(self, engine, clock) -> None:
        install(engine, clock=clock)
        assert tell() is True
        assert tell() is False
        with queue.reading() as session:
            assert len(inbox.messages(session, "emma")) == 1
        assert len(delivered()) == 1

    def test_tells_many_and_leaves_out_people_without_an_account(self, engine, clock) -> None:
        install(engine, clock=clock)
        many = [Notice(account, "job_done", f"k:{account}", {"title": "x"}) for account in ("emma", "liwei", "")]
        with queue.unit_of_work() as session:
            assert notices.notify_all(session, many, START) == 2

    def test_refuses_a_kind_without_words(self, engine, clock) -> None:
        install(engine, clock=clock)
        with pytest.raises(LookupError):
            tell(kind="unheard_of")


class TestInbox:
    def test_marks_only_ones_own_as_read(self, engine, clock) -> None:
        install(engine, clock=clock)
        tell("emma", "a")
        tell("liwei", "b")
        with queue.unit_of_work() as session:
            his = inbox.messages(session, "liwei")[0].id
            assert inbox.mark_read(session, "emma", START, [his]) == 0
            assert inbox.mark_read(session, "emma", START) == 1
            assert (inbox.unread_count(session, "emma"), inbox.unread_count(session, "liwei")) == (0, 1)

    def test_pages_backwards(self, engine, clock) -> None:
        install(engine, clock=clock)
        for n in range(3):
            tell(key=str(n))
        with queue.reading() as session:
            newest = inbox.messages(session, "emma", limit=2)
            rest = inbox.messages(session, "emma", before=newest[-1].id)
        assert len({message.id for message in [*newest, *rest]}) == 3


class TestDeliver:
    def test_sends_mail_in_the_recipients_language_with_a_stable_id(self, engine, clock, smtp_server) -> None:
        installation = install(engine, clock=clock, sender=senders.sender_for(f"{smtp_server.url}?from=hr@example.org"))
        tell("emma", "a")
        tell("liwei", "b")
        tick.run(installation)
        to_emma, to_liwei = smtp_server.received(2)
        assert to_emma["Subject"] == "Done: Import"
        assert to_emma["To"] == "Emma Stone <emma@example.org>"
        assert to_emma["Message-ID"] == "<notice-1.plumbline@example.org>"
        assert "http://portal.example/jobs/1" in to_emma.get_content()
        assert (to_liwei["Subject"], to_liwei["Content-Language"]) == ("已完成：Import", "zh")
        assert delivered() == [("sent", None), ("sent", None)]
        tick.run(installation)
        assert len(smtp_server.messages) == 2

    def test_a_temporary_refusal_is_tried_again_later(self, engine, clock, smtp_server) -> None:
        installation = install(engine, clock=clock, sender=senders.sender_for(smtp_server.url))
        smtp_server.refuse("451 Try later")
        tell()
        tick.run(installation)
        assert delivered() == [("queued", "451 Try later")]
        smtp_server.refuse(None)
        tick.run(installation)
        assert smtp_server.messages == []
        clock.forward(minutes=1)
        tick.run(installation)
        assert len(smtp_server.received(1)) == 1
        assert delivered() == [("sent", None)]

    def test_a_permanent_refusal_is_kept_with_its_reason(self, engine, clock, smtp_server) -> None:
        installation = install(engine, clock=clock, sender=senders.sender_for(smtp_server.url))
        smtp_server.refuse("550 No such person")
        tell()
        tick.run(installation)
        assert delivered() == [("failed", "550 No such person")]

    def test_waits_while_the_server_is_away_and_gives_up_in_the_end(self, engine, clock) -> None:
        installation = install(engine, clock=clock, sender=senders.sender_for(f"smtp://127.0.0.1:{free_port()}"))
        tell()
        tick.run(installation)
        assert delivered()[0][0] == "queued"
        for _attempt in range(post.MAX_ATTEMPTS):
            clock.forward(days=1)
            tick.run(installation)
        assert delivered()[0][0] == "failed"
        assert "the mail server 127.0.0.1" in (delivered()[0][1] or "")

    def test_without_a_mail_server_or_an_address_there_is_only_the_inbox(self, engine, clock) -> None:
        tell_installation = install(engine, clock=clock)
        tell()
        tick.run(tell_installation)
        with_memory = install(engine, clock=clock, sender=senders.MemorySender())
        tell("nomail", "b")
        tick.run(with_memory)
        assert delivered() == [("skipped", None), ("skipped", None)]
        assert with_memory.sender.letters == []

    def test_respects_what_the_person_chose(self, engine, clock) -> None:
        memory = senders.MemorySender()
        installation = install(engine, clock=clock, sender=memory)
        with queue.unit_of_work() as session:
            notices.set_wants_mail(session, "emma", wanted=True)
            notices.set_wants_mail(session, "emma", wanted=False)
            notices.set_wants_mail(session, "emma", wanted=True, kind="job_failed")
            assert notices.wants_mail(session, "liwei")
            assert not notices.wants_mail(session, "emma", "job_done")
        tell(key="a")
        tell(key="b", kind="job_failed")
        tick.run(installation)
        assert [letter.subject for letter in memory.letters] == ["Stopped: Import"]

    def test_a_claim_whose_worker_died_is_taken_again(self, engine, clock) -> None:
        memory = senders.MemorySender()
        installation = install(engine, clock=clock, sender=memory)
        tell()
        with queue.unit_of_work() as session:
            post.claim(
                session, deliveries, post._open(clock()), owner="dead", now=clock(), seconds=post.CLAIM_SECONDS, limit=5
            )
        tick.run(installation)
        assert memory.letters == []
        clock.forward(seconds=post.CLAIM_SECONDS)
        tick.run(installation)
        assert len(memory.letters) == 1


class TestSenderFor:
    def test_reads_every_part_of_the_address(self) -> None:
        sender = senders.sender_for("smtp://hr%40x:p%2Fw@mail.example.org?starttls&from=hr@example.org")
        assert sender == senders.SmtpSender(
            "mail.example.org", 587, "hr@example.org", user="hr@x", password="p/w", security="starttls"
        )
        assert "p/w" not in repr(sender)

    @pytest.mark.parametrize("url", ["mail.example.org", "http://x", "smtp://", "smtp://x:port", "smtp://x?ssl=1"])
    def test_refuses_what_it_does_not_understand_and_says_the_form(self, url: str) -> None:
        with pytest.raises(Invalid) as caught:
            senders.sender_for(url)
        assert "smtp://user" in caught.value.hint

    def test_is_nothing_where_nothing_is_set(self) -> None:
        assert senders.sender_for("") is None

    def test_a_malformed_recipient_is_a_permanent_failure(self, engine, clock, smtp_server) -> None:
        installation = install(engine, clock=clock, sender=senders.sender_for(smtp_server.url))
        broken = queue.Person("emma", "Emma", "emma at example")
        installation = queue.Installation(
            **{**installation.__dict__, "person": lambda _session, _catalog, _account: broken}
        )
        queue.bind(installation)
        tell()
        tick.run(installation)
        assert delivered()[0][0] == "failed"
