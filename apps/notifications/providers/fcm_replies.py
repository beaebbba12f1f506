"""What Google's replies mean: each is read as if anybody might have written it, and becomes one of our five failures.

Codes: https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
"""

import json
from typing import Any

from apps.core.outgoing import Reply
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    Refused,
    RetryAfter,
    Unreachable,
)
from apps.notifications.providers.replies import wait_of

_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_ADDRESS_FIELDS = {"message.token", "message.fid"}
# What Google asks for when a 429 names no time (firebase.google.com/docs/cloud-messaging/scale-fcm).
_QUOTA_SECONDS = 60


def failure_of(reply: Reply) -> PushFailure:
    """Say what a reply other than 200 means; what is not understood is never held against an address."""
    details = _details(reply.body)
    code = _fcm_code(details)
    match reply.status, code:
        case 404, "UNREGISTERED":
            return AddressDead("unregistered")
        case 400, _ if details is not None:
            return _bad_request(details, code)
        case 403, "SENDER_ID_MISMATCH":
            return AddressDead("sender_id_mismatch", alarming=True)
        case 401, "THIRD_PARTY_AUTH_ERROR":
            return CredentialsRejected("third_party_auth_error", everywhere=False)
        case ((401 | 403), _) if details is not None:
            return CredentialsRejected(f"http_{reply.status}")
        case 429, _:
            return RetryAfter("quota", seconds=wait_of(reply.headers) or _QUOTA_SECONDS)
        case status, _ if status >= 500 and (wait := wait_of(reply.headers)):
            return RetryAfter(f"http_{status}", seconds=wait)
        case _:
            return Unreachable(f"http_{reply.status}")


def is_stale_token(reply: Reply) -> bool:
    """Tell whether a reply refuses our access token, which is not the same as refusing us."""
    return reply.status == 401 and _fcm_code(_details(reply.body)) != "THIRD_PARTY_AUTH_ERROR"


def message_name(body: bytes) -> str:
    """Return the name that Google gave to an accepted message; raises Unreachable when there is none."""
    try:
        name = json.loads(body)["name"]
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise Unreachable("unreadable_reply") from fault
    if not isinstance(name, str) or not name.startswith("projects/") or len(name) > 200:
        raise Unreachable("unreadable_reply")
    return name


def _bad_request(details: list[dict[str, Any]], code: str) -> PushFailure:
    """Tell a bad address from a bad message.

    Google names a bad address either as the violated field, or by its own error code with no other detail beside it.
    """
    fields = _violated_fields(details)
    alone = code == "INVALID_ARGUMENT" and len(details) == 1
    about_address = fields <= _ADDRESS_FIELDS if fields else alone
    return AddressDead("invalid_address") if about_address else Refused("invalid_argument")


def _violated_fields(details: list[dict[str, Any]]) -> set[str]:
    violations = [
        violation
        for detail in details
        if detail.get("@type") == _BAD_REQUEST and isinstance(detail.get("fieldViolations"), list)
        for violation in detail["fieldViolations"]
    ]
    return {str(one.get("field")) if isinstance(one, dict) else "" for one in violations}


def _details(body: bytes) -> list[dict[str, Any]] | None:
    """Return the details of an error as Google writes one, None when this is no such error."""
    try:
        error = json.loads(body)["error"]
        status, details = error["status"], error.get("details", [])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(status, str) or not isinstance(details, list):
        return None
    return [detail for detail in details if isinstance(detail, dict)]


def _fcm_code(details: list[dict[str, Any]] | None) -> str:
    codes = [one.get("errorCode") for one in details or [] if one.get("@type") == _FCM_ERROR]
    return codes[0] if codes and isinstance(codes[0], str) else ""
