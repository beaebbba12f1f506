"""Mail by SMTP, through Django's mailer: one connection for each thread that sends, used for as long as it lives.

A connection that goes after the message was handed over leaves open whether it was taken: it is sent again, under the
same Message-ID.
"""

import asyncio
import smtplib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.core.mail import mailers

from apps.core.mail import Written, compose
from apps.core.smtp import Meaning, Verdict, verdict_on
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    Receipt,
    Refused,
    RetryAfter,
    Unreachable,
)

SMTP = "smtp"
"""The queue of mail."""

# Greylisting asks for a few minutes; a full mailbox or a busy server for no fewer.
_LATER_SECONDS = 300.0
# Servers hang up on whoever is silent; a connection that was idle for longer is asked whether it stands.
_IDLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MailMessage:
    """One mail to one address; every try has the same Message-ID, made of `intent`."""

    to: str = field(repr=False)
    intent: str
    written: Written = field(repr=False)
    unsubscribe: str = field(default="", repr=False)
    """Where one click stops such mail (RFC 8058); empty for what nobody can switch off."""

    @property
    def headers(self) -> dict[str, str]:
        if not self.unsubscribe:
            return {}
        return {
            "List-Unsubscribe": f"<{self.unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


class SmtpProvider:
    """Sends over connections that live as long as their thread. Safe for threads."""

    serves = frozenset({SMTP})

    def __init__(self, *, connections: int) -> None:
        self._pool = ThreadPoolExecutor(connections, SMTP)
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: list[Any] = []

    async def send(self, message: MailMessage) -> Receipt:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._send, message)

    def _send(self, message: MailMessage) -> Receipt:
        mail = compose(
            message.written, to=message.to, intent=message.intent, headers=message.headers
        )
        try:
            connection = self._connection()
            connection.send_messages([mail])
        except OSError as failure:
            verdict = verdict_on(failure)
            if verdict.meaning in {Meaning.TROUBLE, Meaning.NOT_US}:
                self._hang_up()
            raise _failure(verdict) from None
        except ValueError:
            # An address or a header that no mail server would take.
            raise Refused("unsendable") from None
        self._own.used_at = time.monotonic()
        return Receipt(message.intent)

    async def passed_on(self, provider_message_id: str) -> bool:
        """What the server has taken is its own; it reports what came back."""
        return True

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        for connection in self._all:
            _quit(connection)

    def _connection(self) -> Any:
        """Return this thread's connection, open; raises OSError."""
        connection = getattr(self._own, "connection", None)
        if connection is not None and not self._stands(connection):
            self._hang_up()
            connection = None
        if connection is None:
            connection = self._own.connection = mailers.default
            with self._lock:
                self._all.append(connection)
        # Open beforehand, it is not closed after the first message.
        connection.open()
        return connection

    def _stands(self, connection: Any) -> bool:
        if time.monotonic() - getattr(self._own, "used_at", 0.0) < _IDLE_SECONDS:
            return True
        spoken: smtplib.SMTP | None = getattr(connection, "connection", None)
        try:
            return spoken is None or spoken.noop()[0] == 250
        except OSError:
            return False

    def _hang_up(self) -> None:
        connection, self._own.connection = getattr(self._own, "connection", None), None
        if connection is None:
            return
        with self._lock:
            self._all = [one for one in self._all if one is not connection]
        _drop(connection)


def _drop(connection: Any) -> None:
    """Close the socket without a word: whoever hangs would let us wait for an answer to QUIT as well."""
    for spoken in (
        getattr(connection, name, None) for name in ("connection", "_partial_connection")
    ):
        if spoken is not None:
            spoken.close()


def _quit(connection: Any) -> None:
    try:
        connection.close()
    except OSError:
        _drop(connection)


def _failure(verdict: Verdict) -> PushFailure:
    match verdict.meaning:
        case Meaning.NO_MAILBOX:
            return AddressDead(verdict.code)
        case Meaning.REFUSED:
            return Refused(verdict.code)
        case Meaning.NOT_US:
            return CredentialsRejected(verdict.code)
        case Meaning.LATER:
            return RetryAfter(verdict.code, seconds=_LATER_SECONDS)
        case _:
            return Unreachable(verdict.code)
