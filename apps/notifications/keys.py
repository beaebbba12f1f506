"""What a mail carries of ours: the link that stops such mail, and the Message-ID by which a bounce finds its delivery.

Whoever has a link may stop one category of mail to one person, and nothing else. Links lie in mailboxes for years, so
they do not expire; one dies when the SECRET_KEY that made it leaves the ring.
"""

import base64
import binascii
import re
import uuid

from django.conf import settings
from django.urls import reverse

from apps.core import crypto

_PURPOSE = "mail-unsubscribe"
_ID, _TAG = 16, 16
_MAIL = re.compile(r"<?mail\.([0-9a-f]{32})\.([0-9a-f]{32})@[!-~]+?>?")


def unsubscribe_link(user_id: uuid.UUID, category: str) -> str:
    """Return where a person stops mail of a category without signing in (RFC 8058)."""
    return settings.PUBLIC_URL.rstrip("/") + reverse(
        "unsubscribe", args=[unsubscribe_token(user_id, category)]
    )


def unsubscribe_token(user_id: uuid.UUID, category: str) -> str:
    message = user_id.bytes + category.encode()
    tag = crypto.mac(message, purpose=_PURPOSE)
    return base64.urlsafe_b64encode(message + tag).rstrip(b"=").decode()


def read_unsubscribe_token(token: str) -> tuple[uuid.UUID, str] | None:
    """Return whose mail of which category a link stops, None when it is not ours."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    message, tag = raw[:-_TAG], raw[-_TAG:]
    if len(message) <= _ID or not crypto.mac_matches(message, tag, purpose=_PURPOSE):
        return None
    return uuid.UUID(bytes=message[:_ID]), message[_ID:].decode()


def intent_of(notification_id: uuid.UUID, delivery_id: uuid.UUID) -> str:
    """Return how a mail names its delivery in its Message-ID: every try alike, and nothing about a person."""
    return f"mail.{notification_id.hex}.{delivery_id.hex}"


def ids_in(message_id: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return which delivery of which notification a Message-ID names, None when it is no notification's."""
    found = _MAIL.fullmatch(message_id.strip())
    return (uuid.UUID(found[1]), uuid.UUID(found[2])) if found else None
