"""The vocabulary of notifications: whose inbox, read or not, delivered or not."""

import uuid
from datetime import datetime
from typing import Any, Self

from django.db.models import F
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThanOrEqual
from django.db.models.functions import Coalesce, Now

from apps.core.models import PlannedQuerySet


class NotificationQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: uuid.UUID | None) -> Self:
        return self.filter(recipient=user_id) if user_id is not None else self.none()

    def in_inbox(self) -> Self:
        return self.filter(archived_at=None)

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

    def mark_read(self) -> int:
        """Note that these were read; what is read is seen, and what was read keeps its time."""
        return self.filter(read_at=None).update(
            read_at=Now(), seen_at=Coalesce("seen_at", Now()), updated_at=Now()
        )


class DeliveryQuerySet(PlannedQuerySet[Any]):
    def open(self) -> Self:
        """Neither sent nor given up."""
        return self.filter(state__in=self.model.OPEN)

    def with_context(self) -> Self:
        """Bring along what decides whether and how to send."""
        return self.select_related("notification__recipient", "device__session__user")
