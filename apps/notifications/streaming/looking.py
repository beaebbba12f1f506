"""What many streams have to tell, looked for at once."""

import time

import structlog
from django.db import connection

from apps.accounts import selectors as accounts
from apps.notifications.streaming import leases, news, stream
from apps.notifications.streaming.stream import Stream

log = structlog.stdlib.get_logger(__name__)


def look(streams: list[Stream]) -> list[bytes | str]:
    """Return what each stream has to tell, or why it must end; two queries for all of them, and at times a lease."""
    renewed = [one for one in streams if one.needs_lease]
    replaced = leases.lost([one.subscription for one in renewed])
    for one in renewed:
        one.leased_at = time.monotonic()
    try:
        standing = accounts.standing_among([one.subscription.session for one in streams])
        found = news.since([(one.person, one.follower.seen) for one in streams])
    finally:
        connection.close()
    return [
        stream.SESSION_OVER
        if one.subscription.session not in standing
        else stream.REPLACED
        if one.subscription in replaced
        else _told(one, said)
        for one, said in zip(streams, found, strict=True)
    ]


def _told(one: Stream, said: news.News) -> bytes | str:
    try:
        return one.follower.tell(said)
    # What can't be told to one must not keep the others from hearing theirs.
    except Exception:
        log.exception("events not told", actor=str(one.person))
        return stream.FAILED
