"""Expo's push service, which passes messages on to Apple and Google: a ticket at once, a receipt later.

Wire: https://docs.expo.dev/push-notifications/sending-notifications/
"""

import math
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.core.outgoing import NoReply, Reply
from apps.notifications.providers.base import (
    AddressDead,
    CredentialsRejected,
    PushFailure,
    PushMessage,
    Receipt,
    Refused,
    RetryAfter,
    Unreachable,
)
from apps.notifications.providers.replies import document_of, wait_of, word_of
from apps.notifications.providers.wire.http1 import KeptConnections

MAX_PAYLOAD = 4_096
"""Bytes of JSON; Expo names the limit of Apple and Google."""

_QUOTA_SECONDS = 60
_RATE_SECONDS = 60


class ExpoProvider:
    """Sends over connections that live as long as the process."""

    serves = frozenset({"expo"})

    def __init__(self, *, access_token: str, base_url: str, timeouts: tuple[float, float]) -> None:
        connect, read = timeouts
        self._client = KeptConnections(connect=connect, read=read)
        self._base = f"{base_url}/--/api/v2/push"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if access_token:
            self._headers["Authorization"] = f"Bearer {access_token}"

    async def send(self, message: PushMessage) -> Receipt:
        ticket = await self._ask("send", _payload(message))
        name = ticket.get("id") if _is_ok(ticket) else None
        if not isinstance(name, str) or not 0 < len(name) <= 200:
            raise Unreachable("unreadable_reply")
        return Receipt(name, is_final=False)

    async def passed_on(self, provider_message_id: str) -> bool:
        """Ask for the receipt of a ticket; False while Expo has none."""
        receipts = await self._ask("getReceipts", {"ids": [provider_message_id]})
        receipt = receipts.get(provider_message_id)
        return isinstance(receipt, dict) and _is_ok(receipt)

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, verb: str, question: dict[str, Any]) -> dict[str, Any]:
        content = _json(question)
        try:
            reply = await self._client.post(
                f"{self._base}/{verb}", content=content, headers=self._headers
            )
        except NoReply as failure:
            raise Unreachable(str(failure)) from failure
        if reply.status != 200:
            raise _failure_of(reply)
        answer = document_of(reply.body).get("data")
        if not isinstance(answer, dict):
            raise Unreachable("unreadable_reply")
        return answer


def _is_ok(verdict: dict[str, Any]) -> bool:
    """Read a ticket or a receipt; raises what it complains about."""
    if verdict.get("status") != "error":
        return verdict.get("status") == "ok"
    details = verdict.get("details")
    code = details.get("error") if isinstance(details, dict) else None
    match code:
        case "DeviceNotRegistered":
            raise AddressDead("device_not_registered")
        case "MessageRateExceeded":
            raise RetryAfter("message_rate_exceeded", seconds=_RATE_SECONDS)
        case "InvalidCredentials" | "MismatchSenderId":
            # Those that Expo holds for one of its two services: the other one works on.
            raise CredentialsRejected(word_of(code), everywhere=False)
        case str() if code.isalnum():
            raise Refused(word_of(code))
    raise Refused("expo_error")


def _failure_of(reply: Reply) -> PushFailure:
    errors = document_of(reply.body).get("errors")
    match reply.status:
        case 401 | 403 if errors:
            return CredentialsRejected(f"http_{reply.status}")
        case 413:
            return Refused("payload_too_large")
        case 429:
            return RetryAfter("quota", seconds=wait_of(reply.headers) or _QUOTA_SECONDS)
        case 400 if errors:
            return Refused("http_400")
        case status if status >= 500 and (wait := wait_of(reply.headers)):
            return RetryAfter(f"http_{status}", seconds=wait)
        case status:
            return Unreachable(f"http_{status}")


def _payload(message: PushMessage) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "title": message.title,
        "body": message.body,
        "sound": "default",
        "priority": "high" if message.wakes else "normal",
        "ttl": max(0, math.floor((message.expires_at - datetime.now(UTC)).total_seconds())),
        "data": {
            "notification_id": message.notification_id,
            "delivery_id": message.delivery_id,
            "category": message.category,
            "link": message.link,
        },
    }
    if message.image:
        payload |= {"richContent": {"image": message.image}, "mutableContent": True}
    if message.badge is not None:
        payload["badge"] = message.badge
    if message.breaks_through:
        payload["interruptionLevel"] = "time-sensitive"
    if message.replaces:
        payload |= {"collapseId": message.replaces, "tag": message.replaces}
    if len(_json(payload)) > MAX_PAYLOAD:
        raise Refused("payload_too_large")
    return {"to": message.address, **payload}


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
