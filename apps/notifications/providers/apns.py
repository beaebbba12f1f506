"""Apple Push Notification service: one message as Apple wants it, on a stream of one long-lived HTTP/2 connection.

Wire: https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
"""

import re
from typing import Any

import orjson

from apps.core.outgoing import NoReply, Reply
from apps.notifications.providers.apns_replies import failure_of, is_stale_token
from apps.notifications.providers.apns_token import ApnsToken
from apps.notifications.providers.base import (
    AddressDead,
    PushMessage,
    Receipt,
    Refused,
    Unreachable,
)
from apps.notifications.providers.wire.http2 import Headers, Streams

MAX_PAYLOAD = 4_096
"""Bytes of JSON."""

# What it is made of goes into a path.
_ADDRESS = re.compile(r"[0-9a-fA-F]{8,200}")


class ApnsProvider:
    """Sends over a connection that lives as long as the process."""

    serves = frozenset({"apns"})

    def __init__(
        self,
        *,
        token: ApnsToken,
        topic: str,
        urls: dict[str, str],
        timeouts: tuple[float, float],
        ca_file: str = "",
    ) -> None:
        connect, read = timeouts
        self._token = token
        self._topic = topic.encode()
        self._places = {
            name: Streams(url, connect=connect, read=read, ca_file=ca_file)
            for name, url in urls.items()
        }

    async def send(self, message: PushMessage) -> Receipt:
        if not _ADDRESS.fullmatch(message.address):
            raise AddressDead("bad_device_token")
        content = _encoded(message)
        token = self._token.current()
        reply = await self._attempt(message, content, token)
        if is_stale_token(reply):
            # Our clocks differ perhaps: a fresh token tells whether it is us whom Apple refuses.
            self._token.forget(token)
            reply = await self._attempt(message, content, self._token.current())
        if reply.status == 200:
            return Receipt(message.delivery_id)
        raise failure_of(reply)

    async def passed_on(self, provider_message_id: str) -> bool:
        """Apple's yes is final."""
        return True

    async def close(self) -> None:
        for place in self._places.values():
            await place.close()

    async def _attempt(self, message: PushMessage, content: bytes, token: str) -> Reply:
        place = self._places.get(message.environment) or self._places["production"]
        path = f"/3/device/{message.address}".encode()
        headers = _headers(message, self._topic, token)
        try:
            return await place.post(path, content=content, headers=headers)
        except NoReply as failure:
            raise Unreachable(str(failure)) from failure


def _headers(message: PushMessage, topic: bytes, token: str) -> Headers:
    return [
        (b"authorization", b"bearer " + token.encode()),
        (b"apns-topic", topic),
        (b"apns-push-type", b"alert"),
        # A repeat is the same message, for Apple and for the app.
        (b"apns-id", message.delivery_id.encode()),
        (b"apns-collapse-id", (message.replaces or message.notification_id).encode()),
        (b"apns-priority", b"10" if message.wakes else b"5"),
        (b"apns-expiration", b"%d" % message.expires_at.timestamp()),
    ]


def _encoded(message: PushMessage) -> bytes:
    aps: dict[str, Any] = {
        "alert": {"title": message.title, "body": message.body},
        "sound": "default",
    }
    if message.badge is not None:
        aps["badge"] = message.badge
    if message.breaks_through:
        aps["interruption-level"] = "time-sensitive"
    payload = {
        "aps": aps,
        "notification_id": message.notification_id,
        "delivery_id": message.delivery_id,
        "category": message.category,
        "link": message.link,
    }
    if message.image:
        # The app's service extension fetches it.
        aps["mutable-content"] = 1
        payload["image"] = message.image
    content = orjson.dumps(payload)
    if len(content) > MAX_PAYLOAD:
        raise Refused("payload_too_large")
    return content
