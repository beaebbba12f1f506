"""Server-sent events as bytes (WHATWG HTML §9.2), and the answer that begins with them."""

import random
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

from apps.core.http.rendering import encode
from apps.core.ids import new_id

HEARTBEAT = b":\n\n"

type Event = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """Whose events a stream tells, in which session, and until when its token is good (seconds since the epoch)."""

    person: uuid.UUID
    session: uuid.UUID
    expires_at: int
    id: uuid.UUID = field(default_factory=new_id)

    @property
    def name(self) -> str:
        """What its lease is called (`leases.py`)."""
        return f"{self.session}:{self.id}"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a stream begins with: its first bytes, whose it is, and where its follower stands."""

    first: bytes
    subscription: Subscription
    follower: Any


class EventStream(HttpResponse):
    """An answer of events; in the stream server, `opening` goes on."""

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening.first, content_type="text/event-stream")
        self.opening = opening
        # Of nginx, which would wait until it has a buffer full (X-Accel-Buffering); of others, no-store is understood.
        self["X-Accel-Buffering"] = "no"


def told(events: Iterable[Event], id: str = "") -> bytes:
    """Write events. Only the last carries the id: whoever is cut off in the middle is told all of them again."""
    frames = [b"event: %b\ndata: %b\n" % (name.encode(), encode(data)) for name, data in events]
    if not frames:
        return b""
    return b"\n".join(frames) + (b"id: %b\n\n" % id.encode() if id else b"\n")


def retry_after(seconds: float) -> bytes:
    """Write how long to wait after a cut: up to twice as long, so that not all come back at once."""
    return b"retry: %d\n\n" % (1000 * random.uniform(seconds, 2 * seconds))  # noqa: S311
