"""What a mail server means when it does not say yes: replies (RFC 5321 §4.2) and enhanced codes (RFC 3463), as words.

What servers say in their own words may quote an address, so only their numbers are kept.
"""

import re
import smtplib
from dataclasses import dataclass
from enum import Enum, auto

_ENHANCED = re.compile(rb"\b([245]\.\d{1,3}\.\d{1,3})\b")
# No such mailbox or domain, moved without an address, disabled.
_NO_MAILBOX = re.compile(r"5\.(1\.(1|2|3|6|10)|2\.1)")
# What these mean where nothing closer is said: no such mailbox, not local, mailbox name not allowed.
_NO_MAILBOX_REPLIES = frozenset({550, 551, 553})
_FOR_GOOD = range(500, 600)


class Meaning(Enum):
    NO_MAILBOX = auto()
    """No mail will ever arrive at this address."""
    REFUSED = auto()
    """This message is not taken, and repeating it changes nothing."""
    NOT_US = auto()
    """The server does not accept us: sign-in, sender, TLS."""
    LATER = auto()
    """Not now, of this one recipient or message."""
    TROUBLE = auto()
    """The server is away, hangs or hung up; it may have taken the message."""


@dataclass(frozen=True, slots=True)
class Verdict:
    meaning: Meaning
    code: str
    """`smtp_550_5.1.1`, `timeout`: at most 60 characters, nothing that a server wrote itself."""


def verdict_on(failure: OSError) -> Verdict:
    """Say what a failed hand-over means; smtplib's exceptions are OSErrors."""
    match failure:
        case smtplib.SMTPRecipientsRefused():
            reply = next(iter(failure.recipients.values()))
            return _on_recipient(*reply)
        case smtplib.SMTPAuthenticationError() | smtplib.SMTPNotSupportedError():
            return Verdict(Meaning.NOT_US, _code_of(failure))
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return Verdict(Meaning.TROUBLE, _code_of(failure))
        case smtplib.SMTPSenderRefused():
            for_good = failure.smtp_code in _FOR_GOOD
            return Verdict(Meaning.NOT_US if for_good else Meaning.TROUBLE, _code_of(failure))
        case smtplib.SMTPResponseException():
            for_good = failure.smtp_code in _FOR_GOOD
            meaning = Meaning.REFUSED if for_good else Meaning.LATER
            # 421 closes the channel, whatever it answers.
            closes = failure.smtp_code == 421
            return Verdict(Meaning.TROUBLE if closes else meaning, _code_of(failure))
        case TimeoutError():
            return Verdict(Meaning.TROUBLE, "timeout")
        case smtplib.SMTPServerDisconnected():
            # What smtplib makes of silence as well.
            silent = isinstance(failure.__context__, TimeoutError)
            return Verdict(Meaning.TROUBLE, "timeout" if silent else "disconnected")
        case _:
            return Verdict(Meaning.TROUBLE, "unreachable")


def _on_recipient(reply: int, text: bytes) -> Verdict:
    code = _written(reply, text)
    if reply == 421:
        return Verdict(Meaning.TROUBLE, code)
    if reply not in _FOR_GOOD:
        return Verdict(Meaning.LATER, code)
    enhanced = _enhanced(text)
    gone = _NO_MAILBOX.fullmatch(enhanced) if enhanced else reply in _NO_MAILBOX_REPLIES
    return Verdict(Meaning.NO_MAILBOX if gone else Meaning.REFUSED, code)


def _code_of(failure: Exception) -> str:
    reply, text = getattr(failure, "smtp_code", 0), getattr(failure, "smtp_error", b"")
    return _written(reply, text if isinstance(text, bytes) else str(text).encode())


def _written(reply: int, text: bytes) -> str:
    number = str(reply) if 200 <= reply < 600 else "unreadable"
    return "_".join(filter(None, ["smtp", number, _enhanced(text)]))


def _enhanced(text: bytes) -> str:
    found = _ENHANCED.search(text)
    return found[1].decode() if found else ""
