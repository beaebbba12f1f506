"""Expo's push service, which passes messages on to Apple and Google: a ticket at once, a receipt later.

Wire: https://docs.expo.dev/push-notifications/sending-notifications/
"""

import math
from collections.abc import Callable, Sequence
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
from apps.notifications.providers.wire.gathering import Gathering
from apps.notifications.providers.wire.http1 import KeptConnections

MAX_PAYLOAD = 4_096
"""Bytes of JSON; Expo names the limit of Apple and Google."""

MOST_MESSAGES, MOST_QUESTIONS = 100, 1_000
"""In one request."""

_QUOTA_SECONDS = 60
_RATE_SECONDS = 60


class ExpoProvider:
    """Sends over connections that live as long as the process; what is sent at once goes in one request."""

    serves = frozenset({"expo"})

    def __init__(self, *, access_token: str, base_url: str, timeouts: tuple[float, float]) -> None:
        connect, read = timeouts
        self._client = KeptConnections(connect=connect, read=read)
        self._base = f"{base_url}/--/api/v2/push"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if access_token:
            self._headers["Authorization"] = f"Bearer {access_token}"
        self._sending = Gathering(self._send, MOST_MESSAGES)
        self._asking = Gathering(self._receipts, MOST_QUESTIONS)

    async def send(self, message: PushMessage) -> Receipt:
        return await self._sending.ask(_payload(message))

    async def passed_on(self, provider_message_id: str) -> bool:
        """Ask for the receipt of a ticket; False while Expo has none."""
        return await self._asking.ask(provider_message_id)

    async def close(self) -> None:
        await self._client.close()

    async def _send(self, messages: Sequence[dict[str, Any]]) -> list[Receipt | PushFailure]:
        try:
            tickets = await self._post("send", messages, list)
        except Refused:
            if len(messages) == 1:
                raise
            # One that can't be read spoils a whole request: it is in one of the halves.
            middle = len(messages) // 2
            halves = (messages[:middle], messages[middle:])
            return [answer for half in halves for answer in await self._half(half)]
        if len(tickets) != len(messages):
            raise Unreachable("unreadable_reply")
        return [_read(_receipt_in, ticket) for ticket in tickets]

    async def _half(self, messages: Sequence[dict[str, Any]]) -> list[Receipt | PushFailure]:
        try:
            return await self._send(messages)
        except PushFailure as failure:
            # The other half may have been taken.
            return [failure] * len(messages)

    async def _receipts(self, names: Sequence[str]) -> list[bool | PushFailure]:
        receipts = await self._post("getReceipts", {"ids": names}, dict)
        return [_read(_is_ok, receipts.get(name)) for name in names]

    async def _post[Kind](self, verb: str, question: Any, kind: type[Kind]) -> Kind:
        try:
            reply = await self._client.post(
                f"{self._base}/{verb}", content=orjson.dumps(question), headers=self._headers
            )
        except NoReply as failure:
            raise Unreachable(str(failure)) from failure
        if reply.status != 200:
            raise _failure_of(reply)
        answer = document_of(reply.body).get("data")
        if not isinstance(answer, kind):
            raise Unreachable("unreadable_reply")
        return answer


def _read[Answer](reader: Callable[[Any], Answer], verdict: Any) -> Answer | PushFailure:
    try:
        return reader(verdict)
    except PushFailure as failure:
        return failure


def _receipt_in(ticket: Any) -> Receipt:
    name = ticket.get("id") if _is_ok(ticket) else None
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise Unreachable("unreadable_reply")
    return Receipt(name, is_final=False)


def _is_ok(verdict: Any) -> bool:
    """Read a ticket or a receipt, False where there is none; raises what it complains about."""
    if not isinstance(verdict, dict):
        return False
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
    if len(orjson.dumps(payload)) > MAX_PAYLOAD:
        raise Refused("payload_too_large")
    return {"to": message.address, **payload}
