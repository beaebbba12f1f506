"""The answers that the fake FCM can be told to give, each by a name that fits on a command line.

A name may carry a wait: `quota:2` says Retry-After in seconds, `quota:date:2` the same as a date.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_PAGE = b"<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title><p>That's an error.</html>"

type Manner = Literal["whole", "drip", "drip_headers", "stall", "reset"]


@dataclass(frozen=True)
class Answer:
    """A scripted answer; `accepts` says whether the message is delivered whatever the sender gets to see."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    manner: Manner = "whole"
    accepts: bool = False


def error(status: int, canonical: str, text: str, *details: dict[str, Any]) -> Answer:
    """Make an error document as Google writes one."""
    document: dict[str, Any] = {"code": status, "message": text, "status": canonical}
    if details:
        document["details"] = list(details)
    return Answer(status, json.dumps({"error": document}, indent=2).encode())


def fcm_code(code: str) -> dict[str, Any]:
    return {"@type": _FCM_ERROR, "errorCode": code}


def violation(name: str, text: str) -> dict[str, Any]:
    return {"@type": _BAD_REQUEST, "fieldViolations": [{"field": name, "description": text}]}


def _late(answer: Answer, wait: str) -> Answer:
    form, _, seconds = wait.rpartition(":")
    if not seconds:
        return answer
    # A date has whole seconds: rounded up, so that it is never earlier than what was asked for.
    value = formatdate(time.time() + int(seconds) + 1, usegmt=True) if form == "date" else seconds
    return Answer(answer.status, answer.body, {**answer.headers, "Retry-After": value})


_NOT_A_TOKEN = "The registration token is not a valid FCM registration token"
_ANSWERS: dict[str, Callable[[], Answer]] = {
    "ok": lambda: Answer(accepts=True),
    "unregistered": lambda: error(
        404, "NOT_FOUND", "Requested entity was not found.", fcm_code("UNREGISTERED")
    ),
    "not_found": lambda: error(404, "NOT_FOUND", "Requested entity was not found."),
    "invalid_address": lambda: error(
        400, "INVALID_ARGUMENT", _NOT_A_TOKEN, fcm_code("INVALID_ARGUMENT")
    ),
    "invalid_address_field": lambda: error(
        400,
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        fcm_code("INVALID_ARGUMENT"),
        violation("message.token", "Invalid registration token"),
    ),
    "invalid_payload": lambda: error(
        400,
        "INVALID_ARGUMENT",
        "Invalid value at 'message.data[0].value' (TYPE_STRING), 12",
        violation("message.data[0].value", "Invalid value (TYPE_STRING), 12"),
    ),
    "too_large": lambda: error(400, "INVALID_ARGUMENT", "Request contains an invalid argument."),
    "sender_mismatch": lambda: error(
        403, "PERMISSION_DENIED", "SenderId mismatch", fcm_code("SENDER_ID_MISMATCH")
    ),
    "permission_denied": lambda: error(403, "PERMISSION_DENIED", "Permission denied on resource."),
    "third_party_auth": lambda: error(
        401, "UNAUTHENTICATED", "Auth error from APNS.", fcm_code("THIRD_PARTY_AUTH_ERROR")
    ),
    "unauthenticated": lambda: error(
        401, "UNAUTHENTICATED", "Request had invalid authentication credentials."
    ),
    "quota": lambda: error(
        429, "RESOURCE_EXHAUSTED", "Quota exceeded.", fcm_code("QUOTA_EXCEEDED")
    ),
    "unavailable": lambda: error(
        503, "UNAVAILABLE", "The service is unavailable.", fcm_code("UNAVAILABLE")
    ),
    "internal": lambda: error(500, "INTERNAL", "Internal error encountered.", fcm_code("INTERNAL")),
    "html": lambda: Answer(502, _PAGE, {"Content-Type": "text/html"}),
    "html_not_found": lambda: Answer(404, _PAGE, {"Content-Type": "text/html"}),
    "html_ok": lambda: Answer(200, _PAGE, {"Content-Type": "text/html"}, accepts=True),
    "wrong_types": lambda: Answer(404, b'{"error": {"status": 404, "details": {"@type": []}}}'),
    "wrong_details": lambda: Answer(
        400,
        b'{"error": {"status": "INVALID_ARGUMENT", "details": ['
        b'7, {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [null]}]}}',
    ),
    "deep": lambda: Answer(404, b"[" * 60_000),
    "huge": lambda: Answer(200, b" " * 10_000_000, accepts=True),
    "drip": lambda: Answer(200, b" " * 10_000, manner="drip", accepts=True),
    "drip_headers": lambda: Answer(manner="drip_headers", accepts=True),
    "stall": lambda: Answer(manner="stall"),
    "reset": lambda: Answer(manner="reset"),
    "reset_after_accept": lambda: Answer(manner="reset", accepts=True),
}


def answer_named(name: str) -> Answer:
    """Return the answer of a name; raises KeyError for one that does not exist."""
    name, _, wait = name.partition(":")
    return _late(_ANSWERS[name](), wait)
