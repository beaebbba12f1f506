"""What Apple's replies mean, read as input that may be hostile.

https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
"""

from datetime import UTC, datetime
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
from apps.notifications.providers.replies import document_of, wait_of, word_of

# Of one address: Apple names no time.
_TOO_MANY_SECONDS = 60
# New tokens are made at most every 20 minutes.
_TOKEN_SECONDS = 20 * 60
_OTHERS = "DeviceTokenNotForTopic"
_DEAD = {"BadDeviceToken", "Unregistered", "ExpiredToken", _OTHERS}


def failure_of(reply: Reply) -> PushFailure:
    """Say what a reply other than 200 means; what is not understood is never held against an address."""
    document = document_of(reply.body)
    code = document.get("reason")
    reason = word_of(code) if isinstance(code, str) and code.isalnum() else ""
    match reply.status:
        case 400 | 410 if code in _DEAD:
            return AddressDead(reason, alarming=code == _OTHERS, since=_since(document))
        case 429 if code == "TooManyProviderTokenUpdates":
            return RetryAfter(reason, seconds=_TOKEN_SECONDS)
        case 429:
            wait = wait_of(reply.headers) or _TOO_MANY_SECONDS
            return RetryAfter(reason or "too_many_requests", seconds=wait)
        case 401 | 403 if reason:
            return CredentialsRejected(reason)
        case 400 | 404 | 405 | 413 if reason:
            return Refused(reason)
        case status if status >= 500 and (wait := wait_of(reply.headers)):
            return RetryAfter(f"http_{status}", seconds=wait)
        case status:
            return Unreachable(f"http_{status}")


def is_stale_token(reply: Reply) -> bool:
    """Tell whether a reply refuses our token for its age, which is not the same as refusing us."""
    return reply.status == 403 and document_of(reply.body).get("reason") == "ExpiredProviderToken"


def _since(document: dict[str, Any]) -> datetime | None:
    """When Apple last found the address in use by nobody, in milliseconds since 1970."""
    moment = document.get("timestamp")
    if not isinstance(moment, int) or not 0 < moment < 10**14:
        return None
    return datetime.fromtimestamp(moment / 1000, UTC)
