"""Twilio SendGrid's signed event webhook: a list of events, signed with ECDSA over the timestamp and the raw body.

Wire: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event and
…/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

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

_SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
_TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
# What SendGrid did not even try, because of what it remembers of the address.
_DROPPED = {
    "bounced address": Event.BOUNCED,
    "invalid": Event.BOUNCED,
    "spam reporting address": Event.COMPLAINED,
}


def key_of(text: str) -> ec.EllipticCurvePublicKey:
    """Read the verification key as SendGrid shows it, base64 of DER; raises ValueError."""
    key = load_der_public_key(base64.b64decode(text, validate=True))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("not an elliptic curve's key")
    return key


class SendGridReports:
    """Believes whoever holds the private half of the verification key."""

    def __init__(self, verification_key: str) -> None:
        self._key = key_of(verification_key)

    def read(self, headers: Mapping[str, str], body: bytes) -> list[MailReport]:
        """Return the events that say what became of a mail; opens, clicks and the like are not read."""
        timestamp = headers.get(_TIMESTAMP, "")
        self._verify(timestamp.encode() + body, headers.get(_SIGNATURE, ""))
        refuse_stale(timestamp, time.time())
        try:
            events = json.loads(body)
        except (ValueError, RecursionError) as fault:
            raise UnreadableReport("not JSON") from fault
        if not isinstance(events, list):
            raise UnreadableReport("not a list of events")
        return list(_reports(events))

    def _verify(self, signed: bytes, signature: str) -> None:
        try:
            raw = base64.b64decode(signature, validate=True)
            self._key.verify(raw, signed, ec.ECDSA(SHA256()))
        except (binascii.Error, ValueError, InvalidSignature) as fault:
            raise ReportRefused("signature_invalid") from fault


def _reports(events: list[Any]) -> Iterator[MailReport]:
    for one in events:
        if not isinstance(one, dict):
            raise UnreadableReport("an event is no object")
        event = _event_of(one)
        if event is None:
            continue
        yield MailReport(
            id=name_in(one.get("sg_event_id")) or _digest_of(one),
            event=event,
            # Our own Message-ID, as we handed it over.
            message_id=name_in(one.get("smtp-id")),
            address=address_in(one.get("email")),
            code=code_in(one.get("status") or one.get("bounce_classification")),
        )


def _digest_of(one: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(one, sort_keys=True).encode()).hexdigest()


def _event_of(one: dict[str, Any]) -> Event | None:
    match one.get("event"):
        case "delivered":
            return Event.DELIVERED
        case "bounce":
            # `blocked` is a refusal for now: of our reputation, of this message.
            return Event.SOFT_BOUNCED if one.get("type") == "blocked" else Event.BOUNCED
        case "spamreport":
            return Event.COMPLAINED
        case "dropped":
            return _DROPPED.get(str(one.get("reason", "")).lower(), Event.SOFT_BOUNCED)
        case _:
            return None
