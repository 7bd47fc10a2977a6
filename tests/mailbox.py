"""A real SMTP server that keeps what it is sent.

Used through the fixture `smtp_server`. Mail arrives over a socket in its own thread; so a test
asks for `mailbox.received(2)`, which waits for two messages, and never counts at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.backends import free_port
from tests.waiting import eventually


class Mailbox:
    """What was sent to the server at `url`, oldest first."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.messages: list[EmailMessage] = []
        self.refusal: str | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        if self.refusal:
            return self.refusal
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def refuse(self, answer: str | None) -> None:
        """Answer the next messages with this line, for example "451 Try later"; None takes them again."""
        self.refusal = answer

    def received(self, count: int) -> list[EmailMessage]:
        eventually(lambda: len(self.messages) >= count, f"{count} messages at {self.url}")
        return list(self.messages)


@contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
