"""Identifiers: UUID version 7 (RFC 9562 §5.7), so that keys sort by birth and indexes grow at one end."""

import secrets
import threading
import time
import uuid
from datetime import datetime

_lock = threading.Lock()
_last = 0
# A clock that was put back by more than this (ten seconds, as stamps) was wrong before, and is followed: keys of the
# future would lie in the wrong month's partition.
_PATIENCE = 10_000 << 12


def new_id() -> uuid.UUID:
    """Return a UUIDv7, strictly increasing within this process as long as nobody sets the clock.

    48 bits of Unix milliseconds, 12 bits of sub-millisecond fraction (§6.2, method 3), 62 random bits.
    """
    global _last
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    stamp = milliseconds << 12 | rest * 4096 // 1_000_000
    with _lock:
        if _last - stamp < _PATIENCE:
            stamp = max(stamp, _last + 1)
        _last = stamp
    value = (
        (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | secrets.randbits(62)
    )
    return uuid.UUID(int=value)


def first_id(moment: datetime) -> uuid.UUID:
    """Return the smallest id that can have been made at a moment: what came since is a range of the primary key."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62)
