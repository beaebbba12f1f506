"""What replies of all push services have in common."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_LONGEST_WAIT = 24 * 3600


def wait_of(headers: Mapping[str, str]) -> float:
    """Read Retry-After, seconds or a date (RFC 9110 §10.2.3), as seconds from now; 0 when it says nothing."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0
    return min(max(seconds, 0), _LONGEST_WAIT)


def document_of(body: bytes) -> dict[str, Any]:
    """Read a reply's JSON object; what is none is an empty one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def word_of(code: str) -> str:
    """`BadDeviceToken` as `bad_device_token`, for a column of 60 characters."""
    return re.sub(r"\B(?=[A-Z])", "_", code).lower()[:60]
