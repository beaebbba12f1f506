"""What may leave the process in a log line or an error report: plain, bounded, printable data without secrets."""

import datetime
import decimal
import enum
import pathlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

_DEPTH, _ITEMS, _CHARACTERS = 8, 100, 4000

# Matched anywhere in a key's name: `new_password`, `HTTP_AUTHORIZATION`, `push_address`.
_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase)|secret|token|refresh|authorization|cookie|credential|signature|private|otp|totp"
    r"|e-?mail|phone|address|api_?key|(^|[_\-.])(access|code|key|pin|nonce|dsn|jwt|pepper)s?($|[_\-.])",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{5,}(?:\.[\w-]*){1,2}"  # JSON Web Tokens
    r"|(?<=bearer )\S+"
    r"|(?<=://)[^/\s@]*:[^/\s@]*(?=@)"  # user:password in URLs
    r"|[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"  # email addresses
    r"|(?<=\)=\()[^)]*(?=\))"  # Postgres: Key (email)=(…) already exists
    r"|(?<=Failing row contains \().*(?=\))",
    re.IGNORECASE,
)


def scrub(value: Any, depth: int = _DEPTH) -> Any:
    """Return a copy that is safe to write: secrets hidden by key and by shape, everything else plain and bounded.

    What is not plain data is named by its type only: a `repr` may hold anything.
    """
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return scrub_text(value)
        case (
            uuid.UUID() | datetime.date() | datetime.time() | decimal.Decimal() | pathlib.PurePath()
        ):
            return scrub_text(str(value))
        case enum.Enum():
            return scrub(value.value, depth)
    if depth == 0:
        return f"<{type(value).__name__}>"
    match value:
        case Mapping():
            return {
                scrub_text(str(key)): HIDDEN if hides(str(key), item) else scrub(item, depth - 1)
                for key, item in list(value.items())[:_ITEMS]
            }
        case list() | tuple() | set() | frozenset():
            return [scrub(item, depth - 1) for item in list(value)[:_ITEMS]]
    return f"<{type(value).__name__}>"


def hides(key: str, value: Any) -> bool:
    """Tell whether a value must not be shown because of the name it goes by."""
    return value is not None and not isinstance(value, bool) and _SECRET_KEY.search(key) is not None


def scrub_text(text: str) -> str:
    """Hide what looks like a secret and escape what a terminal or a line reader would act upon."""
    text = _SECRET_TEXT.sub(HIDDEN, text[:_CHARACTERS])
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
