"""What may leave the process in a log line or an error report: plain, bounded, without secrets."""

import datetime
import decimal
import enum
import pathlib
import re
import uuid
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from django.utils.functional import Promise

HIDDEN = "[hidden]"

_DEPTH = 8
_ITEMS = 100
_CHARACTERS = 4000
_SHORT = 100
_LARGEST_INTEGER = 2**63 - 1

# Names that only look like those of secrets.
_SHOWN_KEYS = frozenset({"error_code", "status_code", "exit_code", "country_code"})
# Anywhere in a key: `new_password`, `HTTP_AUTHORIZATION`, `pushAddress`; the short ones as words of
# their own, with `code` among them because that is what people type in.
_SECRET_KEY = re.compile(
    r"pass(word|wd|phrase|code)|secret|token|refresh|authorization|cookie|credential|signature"
    r"|private|otp|e-?mail|phone|address|api_?key"
    r"|(^|[_\-.])(access|code|key|pin|nonce|challenge|dsn|jwt|pepper)s?($|[_\-.])",
    re.IGNORECASE,
)
# Forms, links and JSON inside a sentence.
_ASSIGNED = (
    r"((?:password|passcode|token|secret|otp|code|signature|credential|refresh|access|authorization)"
    r"[\"']?(?:=|: ?)[\"']?)[^\s&\"',;]+"
)
# Text that betrays a secret, by a mark that is looked for first: most text has none, and the look
# costs a fiftieth of the expression. Each expression is linear in the text.
_SECRET_TEXT = tuple(
    (mark, re.compile(expression, re.IGNORECASE))
    for mark, expression in (
        ("eyJ", r"()(?<![\w-])eyJ[\w-]{5,}(?:\.[\w-]*){1,2}"),  # JSON Web Tokens (RFC 7519)
        ("@", r"(://)[^/\s@]*(?=@)"),  # user:password in URLs
        ("@", r"()(?<![\w.+%/-])[\w.+%/-]{1,64}@[\w-]+(?:\.[\w-]+)+"),  # email addresses
        ("earer ", r"(bearer )[^\s'\",;]+"),
        ("syntax for type ", r"(syntax for type )[\w ]+: .*"),  # Postgres quotes what it refused
        ("DETAIL: ", r"(DETAIL: )[\s\S]*"),  # and tells the values of the row
        *((mark, _ASSIGNED) for mark in ("=", "': ", '": ')),
    )
)


def scrub(value: Any, depth: int = _DEPTH) -> Any:
    """Return a copy that is safe to write: secrets hidden by name and by shape, the rest bounded.

    What is not plain data is named by its type only: a `repr` may hold anything.
    """
    if isinstance(value, str):
        return _repeated(value) if len(value) <= _SHORT else scrub_text(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= _LARGEST_INTEGER else "<int>"
    if depth and isinstance(value, Mapping):
        return _scrub_mapping(value, depth)
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [scrub(item, depth - 1) for item in islice(value, _ITEMS)]
    return _scrub_object(value)


def scrub_text(text: str) -> str:
    """Hide what looks like a secret and escape what a terminal or a line reader would act upon."""
    text = text[:_CHARACTERS]
    for mark, expression in _SECRET_TEXT:
        if mark in text:
            text = expression.sub(rf"\g<1>{HIDDEN}", text)
    return text if text.isprintable() else _printable(text)


@lru_cache(maxsize=4096)
def is_secret(key: str) -> bool:
    """Tell whether what goes by this name must not be shown."""
    return key not in _SHOWN_KEYS and _SECRET_KEY.search(key) is not None


def _scrub_mapping(mapping: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    scrubbed: dict[str, Any] = {}
    for key in islice(mapping, _ITEMS):
        value, name = mapping[key], _repeated(str(key))
        hidden = value is not None and not isinstance(value, bool) and is_secret(name)
        scrubbed[name] = HIDDEN if hidden else scrub(value, depth - 1)
    return scrubbed


def _scrub_object(value: Any) -> str:
    if isinstance(value, uuid.UUID | datetime.date | datetime.time | decimal.Decimal):
        return str(value)
    if isinstance(value, pathlib.PurePath | Promise):
        return scrub_text(str(value))
    if isinstance(value, enum.Enum):
        return scrub_text(str(value.value))
    return f"<{type(value).__name__}>"


# Routes, levels, names: the same few over and over.
_repeated = lru_cache(maxsize=4096)(scrub_text)


def _printable(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
