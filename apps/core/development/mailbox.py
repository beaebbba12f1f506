"""The mail that this machine's product has sent, read back from `.local/mail`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from django.conf import settings

# More than anybody scrolls through; the files stay.
SHOWN = 200


@dataclass(frozen=True)
class Message:
    """One sent message; parsed when something of it is asked for."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def sent_at(self) -> datetime:
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    @property
    def subject(self) -> str:
        return self._parsed.get("Subject", "")

    @property
    def sender(self) -> str:
        return self._parsed.get("From", "")

    @property
    def recipients(self) -> str:
        return self._parsed.get("To", "")

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @cached_property
    def _parsed(self) -> EmailMessage:
        return message_from_bytes(self.path.read_bytes(), policy=policy.default)

    def _body(self, subtype: str) -> str:
        part = self._parsed.get_body(preferencelist=(subtype,))
        return part.get_content() if part else ""


def messages() -> list[Message]:
    """Return what was sent last, newest first; the names of the files sort by time."""
    return sorted(_all(), key=lambda one: one.name, reverse=True)[:SHOWN]


def message(name: str) -> Message | None:
    """Return the message of that name, None when the folder lists no such file: a name is never made into a path."""
    return next((one for one in _all() if one.name == name), None)


def _all() -> Iterator[Message]:
    folder = Path(settings.MAIL_FOLDER)  # type: ignore[misc]  # in local settings alone
    return (Message(one) for one in folder.glob("*.eml") if one.is_file() and not one.is_symlink())
