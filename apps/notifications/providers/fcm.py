"""Firebase Cloud Messaging, HTTP v1: one message as Google wants it.

Wire: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages
"""

import math
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.core.outgoing import NoReply, Reply
from apps.notifications.providers.base import PushMessage, Receipt, Refused, Unreachable
from apps.notifications.providers.fcm_replies import failure_of, is_stale_token, message_name
from apps.notifications.providers.service_account import ServiceAccount
from apps.notifications.providers.wire.http1 import KeptConnections

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
MAX_PAYLOAD = 4_096
"""Bytes. Google counts keys and values of `notification` and `data`; we count all JSON but the address."""


class FcmProvider:
    """Sends over connections that live as long as the process."""

    serves = frozenset({"fcm"})

    def __init__(self, *, credentials: str, base_url: str, timeouts: tuple[float, float]) -> None:
        connect, read = timeouts
        self._client = KeptConnections(connect=connect, read=read)
        self._account = ServiceAccount(credentials, SCOPE, self._client)
        self._url = f"{base_url}/v1/projects/{self._account.project_id}/messages:send"

    async def send(self, message: PushMessage) -> Receipt:
        content = _encoded(message)
        reply = await self._post(content)
        if reply.status == 200:
            return Receipt(message_name(reply.body))
        raise failure_of(reply)

    async def passed_on(self, provider_message_id: str) -> bool:
        """Google's yes is final."""
        return True

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, content: bytes) -> Reply:
        token = await self._account.token()
        reply = await self._attempt(content, token)
        if is_stale_token(reply):
            # Revoked or rotated before its time: a fresh token tells whether it is us whom Google refuses.
            self._account.forget(token)
            reply = await self._attempt(content, await self._account.token())
        return reply

    async def _attempt(self, content: bytes, token: str) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            return await self._client.post(self._url, content=content, headers=headers)
        except NoReply as failure:
            raise Unreachable(str(failure)) from failure


def _encoded(message: PushMessage) -> bytes:
    picture = {"image": message.image} if message.image else {}
    payload = {
        "notification": {"title": message.title, "body": message.body, **picture},
        "data": {
            "notification_id": message.notification_id,
            "delivery_id": message.delivery_id,
            "category": message.category,
            "link": message.link,
        },
        "android": _android(message),
        "apns": _apns(message),
    }
    if len(_json(payload)) > MAX_PAYLOAD:
        raise Refused("payload_too_large")
    target = "fid" if message.address_kind == "installation" else "token"
    return _json({"message": {target: message.address, **payload}})


def _android(message: PushMessage) -> dict[str, Any]:
    life = max(0, math.floor((message.expires_at - datetime.now(UTC)).total_seconds()))
    android: dict[str, Any] = {
        "priority": "HIGH" if message.wakes else "NORMAL",
        "ttl": f"{life}s",
        # A repeat replaces what it repeats instead of standing beside it.
        "notification": {"tag": message.replaces or message.notification_id},
    }
    if message.badge is not None:
        android["notification"]["notification_count"] = message.badge
    if message.replaces:
        # Only where meant: a phone out of reach is kept at most four different keys.
        android["collapse_key"] = message.replaces
    return android


def _apns(message: PushMessage) -> dict[str, Any]:
    aps: dict[str, Any] = {"sound": "default"}
    if message.badge is not None:
        aps["badge"] = message.badge
    if message.breaks_through:
        aps["interruption-level"] = "time-sensitive"
    if message.image:
        # The app's service extension fetches it.
        aps["mutable-content"] = 1
    return {
        "headers": {
            "apns-priority": "10" if message.wakes else "5",
            "apns-expiration": str(int(message.expires_at.timestamp())),
            "apns-collapse-id": message.replaces or message.notification_id,
        },
        "payload": {"aps": aps},
    }


def _json(value: Any) -> bytes:
    return orjson.dumps(value)
