"""JSON in, bounded before it is decoded: nothing a phone sends can exhaust or surprise what stands behind."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

# NUL, lone surrogates and the non-characters of Unicode (§23.7): Postgres or a phone would choke on each.
_UNSAFE = re.compile(
    "[\x00\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
    + "]"
)

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRUCTURE = re.compile(rb"[\[\]{},]")
_INT64 = range(-(2**63), 2**63)


def is_unsafe(text: str) -> bool:
    """Tell whether a text holds what can't be stored or shown."""
    # Most texts are ASCII, and say so for nothing.
    return "\0" in text if text.isascii() else bool(_UNSAFE.search(text))


class BodyTooLarge(ParseError):
    status_code = 413
    default_code = "body_too_large"
    default_detail = "The body is larger than this route accepts."


class BoundedJSONParser(BaseParser):
    """RFC 8259 in UTF-8, with bounds on size, depth, nodes, key length and number range, and no duplicate keys.

    Raises ParseError (400), BodyTooLarge (413) or UnsupportedMediaType (415).
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        charset = _charset(media_type or "")
        if charset not in {"", "utf-8", "utf8"}:
            raise UnsupportedMediaType(media_type or "", detail="Send JSON in UTF-8.")
        try:
            body = stream.read(settings.MAX_BODY_BYTES + 1)
        except RequestDataTooBig as too_big:
            raise BodyTooLarge from too_big
        if len(body) > settings.MAX_BODY_BYTES:
            raise BodyTooLarge
        return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Decode one JSON text within the bounds of settings/api.py.

    Raises ParseError.
    """
    _check_structure(body)
    try:
        data = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as fault:
        raise ParseError("The body is not UTF-8.") from fault
    except json.JSONDecodeError as fault:
        raise ParseError(f"The body is not JSON: {fault.msg} at character {fault.pos}.") from fault
    if any(map(is_unsafe, _texts(data))):
        raise ParseError(
            "The body holds a NUL, a lone surrogate or a non-character.", code="unsafe_text"
        )
    return data


def _charset(media_type: str) -> str:
    found = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", media_type, re.IGNORECASE)
    return found[1].lower() if found else ""


def _check_structure(body: bytes) -> None:
    """Bound depth and size in one pass over the bytes, so that the decoder's recursion can't be reached."""
    depth = 0
    for nodes, mark in enumerate(_STRUCTURE.finditer(_STRINGS.sub(b"", body))):
        if mark[0] in b"[{":
            depth += 1
            if depth > settings.MAX_JSON_DEPTH:
                raise ParseError("The JSON is nested too deeply.", code="json_too_deep")
        elif mark[0] in b"]}":
            depth -= 1
        if nodes > 2 * settings.MAX_JSON_NODES:
            raise ParseError("The JSON has too many values.", code="json_too_large")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ParseError("An object names the same key twice.", code="duplicate_key")
    if any(len(key) > settings.MAX_JSON_KEY for key in found):
        raise ParseError("A key is too long.", code="json_too_large")
    return found


def _integer(digits: str) -> int:
    # 19 digits and a sign hold any signed 64-bit number; a longer one is not even converted.
    if len(digits) > 20 or int(digits) not in _INT64:
        raise ParseError(
            "An integer is outside the signed 64-bit range.", code="number_out_of_range"
        )
    return int(digits)


def _number(text: str) -> float:
    value = float(text) if len(text) <= 400 else math.inf
    if not math.isfinite(value):
        raise ParseError("A number is out of range.", code="number_out_of_range")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ParseError(f"{name} is not JSON.", code="number_out_of_range")


def _texts(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
