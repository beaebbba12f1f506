"""The vocabulary of notifications: whose inbox, read or not, delivered or not."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThanOrEqual
from django.db.models.functions import Coalesce, Now

from apps.core.models import PlannedQuerySet
from apps.notifications.kinds import Channel


class NotificationQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: uuid.UUID | None) -> Self:
        return self.filter(recipient=user_id) if user_id is not None else self.none()

    def in_inbox(self) -> Self:
        return self.filter(archived_at=None, listed=True)

    def unread(self) -> Self:
        return self.in_inbox().filter(read_at=None)

    def up_to(self, created_at: datetime, id: uuid.UUID) -> Self:
        """That one and all older ones, in the order of the inbox."""
        return self.filter(TupleLessThanOrEqual(Tuple("created_at", "id"), (created_at, id)))

    def born_before(self, id: uuid.UUID) -> Self:
        """Ids sort by birth, so the oldest rows are the beginning of the primary key."""
        return self.filter(pk__lt=id)

    def with_language(self) -> Self:
        """Bring along in which `language` the recipient reads."""
        return self.annotate(language=F("recipient__locale"))

    def mark_seen(self) -> int:
        """Note that these were seen; what was seen keeps its time."""
        return self.filter(seen_at=None).update(seen_at=Now(), updated_at=Now())

    def mark_read(self) -> int:
        """Note that these were read; what is read is seen, and what was read keeps its time."""
        return self.filter(read_at=None).update(
            read_at=Now(), seen_at=Coalesce("seen_at", Now()), updated_at=Now()
        )

    def archive(self) -> int:
        """Put these away; what was put away keeps its time."""
        return self.filter(archived_at=None).update(archived_at=Now(), updated_at=Now())


class DeliveryQuerySet(PlannedQuerySet[Any]):
    def at(self, notification_id: uuid.UUID, id: uuid.UUID) -> Self:
        """That one, found in the one month in which it lies."""
        return self.filter(notification=notification_id, pk=id)

    def open(self) -> Self:
        """Neither accepted nor given up."""
        return self.filter(state__in=self.model.OPEN)

    def mailed_to(self, readers: Iterable[uuid.UUID], since: datetime) -> Self:
        """What left for people by mail since a moment, whatever came of it."""
        return self.filter(
            notification__recipient__in=readers, channel=Channel.EMAIL, sent_at__gt=since
        )

    def waiting_beside(self, due: Any) -> Self:
        """What waits for the same device or mailbox about the same target, unsent and not read meanwhile."""
        return self.filter(
            device=due.device_id,
            channel=due.channel,
            notification__recipient=due.recipient_id,
            sent_at=None,
            state=self.model.State.QUEUED,
            notification__kind=due.kind,
            notification__target_id=due.target_id,
            notification__read_at=None,
            notification__archived_at=None,
        ).exclude(pk=due.id)

    def move(self, state: str, **changes: Any) -> int:
        """Move on those whose state this one may follow, and return how many: the only way to change a state."""
        before = self.model.BEFORE[state]
        return self.filter(state__in=before).update(state=state, updated_at=Now(), **changes)


class CampaignQuerySet(PlannedQuerySet[Any]):
    def move(self, state: str, **changes: Any) -> int:
        """Move on those whose state this one may follow, and return how many: the only way to change a state."""
        before = self.model.BEFORE[state]
        return self.filter(state__in=before).update(
            state=state, rev=F("rev") + 1, updated_at=Now(), **changes
        )
