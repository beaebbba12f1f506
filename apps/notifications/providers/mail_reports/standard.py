"""Reports in our own words, signed as Standard Webhooks: for any mail server, by a script at its bounces.

    POST /api/webhooks/mail/standard
    webhook-id: <names the report>          webhook-timestamp: <Unix seconds>
    webhook-signature: v1,<base64 of HMAC-SHA-256 over "id.timestamp.body">, several separated by blanks
    {"type": "mail.bounced", "data": {"message_id": "<…>", "address": "…", "permanent": true, "code": "5.1.1"}}

Types: mail.delivered, mail.bounced, mail.complained; others are taken and not read.
Wire: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hmac
import time
from collections.abc import Mapping, Sequence

from apps.notifications.providers.mail_reports.base import (
    Event,
    MailReport,
    ReportRefused,
    UnreadableReport,
    address_in,
    code_in,
    name_in,
    refuse_stale,
)
from apps.notifications.providers.replies import document_of

PREFIX = "whsec_"
_TYPES = {
    "mail.delivered": Event.DELIVERED,
    "mail.bounced": Event.BOUNCED,
    "mail.complained": Event.COMPLAINED,
}


def key_of(secret: str) -> bytes:
    """Return the bytes of a secret as it is written down; raises ValueError."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    if not secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("whsec_ and the base64 of 24 to 64 random bytes")
    return key


class StandardReports:
    """Believes whoever holds one of the secrets: the newest first, older ones until the sender has changed over."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [key_of(secret) for secret in secrets]

    def read(self, headers: Mapping[str, str], body: bytes) -> list[MailReport]:
        """Return the one report; none when it is of a type that we do not read."""
        name = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        self._verify(f"{name}.{timestamp}.".encode() + body, headers.get("webhook-signature", ""))
        refuse_stale(timestamp, time.time())
        document = document_of(body)
        event = _TYPES.get(str(document.get("type")))
        data = document.get("data")
        if event is None:
            return []
        if not isinstance(data, dict):
            raise UnreadableReport("there is no data")
        if event is Event.BOUNCED and data.get("permanent") is not True:
            event = Event.SOFT_BOUNCED
        message_id, address = name_in(data.get("message_id")), address_in(data.get("address"))
        if not name_in(name) or not (message_id or address):
            raise UnreadableReport("it has no id, or names neither a message nor an address")
        return [MailReport(name_in(name), event, message_id, address, code_in(data.get("code")))]

    def _verify(self, signed: bytes, signatures: str) -> None:
        expected = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in self._keys]
        given = [one[3:].encode() for one in signatures.split() if one.startswith("v1,")]
        if not any(hmac.compare_digest(one, own) for one in given[:10] for own in expected):
            raise ReportRefused("signature_invalid")
