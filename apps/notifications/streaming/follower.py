"""What one stream has told so far, and what it tells next."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from apps.core.errors import Invalid
from apps.core.http import pagination
from apps.core.observability import metrics
from apps.core.snapshots import shortened
from apps.notifications.models import Notification
from apps.notifications.streaming.news import News
from apps.notifications.streaming.wire import Event, told

type Shape = Callable[[Notification], Any]


class Follower:
    """Follows one person's inbox from where `last_id` left off, or from now on. `shape` is the wire's.

    Each change is told at least once, as the notification is now: an app that keeps notifications by id is right
    whatever it is told twice.
    """

    __slots__ = ("_epoch", "_is_lost", "_person", "_shape", "_unread", "seen")

    def __init__(self, person: uuid.UUID, shape: Shape, last_id: str = "") -> None:
        self._person, self._shape = person, shape
        self._unread: int | None = None
        self._epoch, self.seen = self._read(last_id) if last_id else ("", None)
        # Who names an id that is not ours has missed we don't know what.
        self._is_lost = bool(last_id) and self.seen is None

    def tell(self, news: News) -> bytes:
        """Write down what is new, and remember that it was told; empty when there is nothing."""
        is_other_database = bool(self._epoch) and news.epoch != self._epoch
        self._is_lost = self._is_lost or is_other_database or news.is_incomplete
        events = list(self._events(news))
        self._is_lost, self._unread = False, news.unread
        self._epoch, self.seen = news.epoch, shortened(news.snapshot)
        for name, _ in events:
            metrics.count_stream_event(name)
        return told(events, self._id() if events else "")

    def _events(self, news: News) -> Iterator[Event]:
        if self._is_lost:
            yield "resync", {}
        else:
            yield from (self._event(one) for one in news.changed)
        yield from (("hint", {"topic": topic}) for topic in news.topics)
        if news.unread != self._unread:
            yield "unread", {"unread": news.unread}

    def _event(self, notification: Notification) -> Event:
        if notification.archived_at:
            return "archived", {"notification_id": notification.id}
        return "notification", {"notification": self._shape(notification)}

    def _id(self) -> str:
        assert self.seen  # noqa: S101 - something was told
        return pagination.cursor_of((self._epoch, self.seen), self._bound_to)

    def _read(self, last_id: str) -> tuple[str, str | None]:
        try:
            epoch, seen = pagination.values_of(last_id, self._bound_to)
        except (Invalid, ValueError):
            return "", None
        return epoch, seen

    @property
    def _bound_to(self) -> str:
        return f"events {self._person}"
