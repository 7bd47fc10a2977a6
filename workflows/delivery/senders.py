"""Ways out of the house: by SMTP, or into memory for tests and demonstrations.

post.py opens a sender for a batch and hands it letters. `DeliveryFailed.permanent` tells it whether
another attempt can help: an address that the server refuses for good can't, a server that is away can.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from metadata.errors import Invalid
from workflows.errors import DeliveryFailed
from workflows.installation import Letter

TIMEOUT_SECONDS = 15.0
FORM = "smtp://user:password@host:587?starttls&from=hr@example.org, or smtps://…"


class MemorySender:
    """Keeps letters instead of sending them."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    @contextmanager
    def open(self) -> Iterator[Callable[[Letter], None]]:
        yield self.letters.append


@dataclass(frozen=True)
class SmtpSender:
    """A mail server. One connection serves a batch."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: str = ""

    @contextmanager
    def open(self) -> Iterator[Callable[[Letter], None]]:
        server = self._connect()
        try:
            yield lambda letter: _send(server, self.sender, letter)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        """Whatever goes wrong before the first letter is the server's state, not the letters' fault."""
        context = ssl.create_default_context()
        try:
            if self.security == "tls":
                server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
            else:
                server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryFailed(f"the mail server {self.host}:{self.port}: {error}", permanent=False) from error
        return server


def sender_for(url: str) -> SmtpSender | None:
    """The sender that PLUMBLINE_SMTP_URL names; None where it is empty."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, keep_blank_values=True)
        port = parts.port
    except ValueError:
        raise Invalid("The mail server's address is not understood.", hint=FORM) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or set(options) - {"starttls", "from"}:
        raise Invalid("The mail server's address is not understood.", hint=FORM)
    security = "tls" if parts.scheme == "smtps" else "starttls" if "starttls" in options else ""
    return SmtpSender(
        host=parts.hostname,
        port=port or {"tls": 465, "starttls": 587}.get(security, 25),
        sender=options.get("from", [f"plumbline@{parts.hostname}"])[0],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security=security,
    )


def as_mail(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a message that machines don't answer."""
    mail = EmailMessage()
    recipient = Address(" ".join(letter.to.name.split()), addr_spec=letter.to.email)
    if not recipient.domain:
        raise ValueError("there is no domain")
    mail["From"] = Address("Plumbline", addr_spec=sender)
    mail["To"] = recipient
    mail["Subject"] = letter.subject
    mail["Message-ID"] = f"<{letter.message_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.body)
    mail["Content-Language"] = letter.to.language
    return mail


def _send(server: smtplib.SMTP, sender: str, letter: Letter) -> None:
    try:
        mail = as_mail(letter, sender)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise DeliveryFailed(f"the address {letter.to.email!r} is malformed: {error}", permanent=True) from error
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        raise DeliveryFailed(f"{code} {_text(reason)}", permanent=500 <= code < 600) from error
    except smtplib.SMTPDataError as error:
        permanent = 500 <= error.smtp_code < 600
        raise DeliveryFailed(f"{error.smtp_code} {_text(error.smtp_error)}", permanent=permanent) from error
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryFailed(str(error), permanent=False) from error


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
