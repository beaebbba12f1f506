"""What a mail service tells of a mail after it has taken it, whoever the service is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

# A report is believed for so long after it was signed, and so far ahead of our clock: in seconds.
TOLERANCE = 300

_ADDRESS = re.compile(r"[!-~]{1,64}@[!-~]{1,253}")
_OTHER_THAN_CODE = re.compile(r"[^a-z0-9_.]+")


class Event(StrEnum):
    DELIVERED = "delivered"
    """The server of the address has it."""
    BOUNCED = "bounced"
    """No mail will ever arrive there."""
    SOFT_BOUNCED = "soft_bounced"
    """It came back and was given up; another may arrive."""
    COMPLAINED = "complained"
    """Its reader called it spam."""


@dataclass(frozen=True, slots=True)
class MailReport:
    """One thing that became of one mail; a repeat carries the same id."""

    id: str
    event: Event
    message_id: str
    address: str = field(repr=False)
    code: str


class ReportRefused(Exception):
    """Not signed by whom we trust, or too long ago. Nothing of it is believed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnreadableReport(Exception):
    """Signed, and not what the service documents."""


class MailService(Protocol):
    def read(self, headers: Mapping[str, str], body: bytes) -> list[MailReport]:
        """Return what is news to us in a signed request; raises ReportRefused, UnreadableReport."""
        ...


def refuse_stale(timestamp: str, now: float) -> None:
    """Raise ReportRefused for a request that was signed too long ago to be no replay; Unix seconds."""
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise ReportRefused("signature_invalid")
    if abs(now - int(timestamp)) > TOLERANCE:
        raise ReportRefused("signature_expired")


def address_in(said: object) -> str:
    """Return an address as a service names it, "" for what is none."""
    text = said.strip() if isinstance(said, str) else ""
    return text if _ADDRESS.fullmatch(text) else ""


def name_in(said: object) -> str:
    """Return an id as a service names it, "" for what is none."""
    text = said.strip() if isinstance(said, str) else ""
    return text if len(text) <= 200 and text.isascii() and text.isprintable() else ""


def code_in(said: object) -> str:
    """Return a service's code as one word for a column of 60; sentences may quote addresses, so only their end goes."""
    text = said.lower() if isinstance(said, str) and "@" not in said else ""
    return _OTHER_THAN_CODE.sub("_", text)[:40].strip("_")
