"""The vocabulary of devices: whose they are, whether push finds them, and what is still ahead of them."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from django.db.models import Q
from django.db.models.functions import Now

from apps.core.models import PlannedQuerySet

NO_ADDRESS: Mapping[str, Any] = {
    "push_provider": "",
    "push_address_kind": "",
    "push_environment": "",
    "push_address": None,
    "push_index": None,
}


class DeviceQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: uuid.UUID | None) -> Self:
        """Those of one person; nobody holds nothing, not what is nobody's."""
        return self.filter(user=user_id) if user_id is not None else self.none()

    def reachable(self) -> Self:
        """Those with a push address."""
        return self.filter(push_index__isnull=False)

    def reachable_at(self, index: bytes, registered_at: datetime) -> Self:
        """The one with this very address, not registered anew since."""
        return self.filter(push_index=index, push_registered_at=registered_at)

    def not_renewed_since(self, moment: datetime) -> Self:
        """Those with an address that their app has not confirmed for long: nobody listens there."""
        return self.reachable().filter(push_registered_at__lt=moment)

    def abandoned_since(self, moment: datetime) -> Self:
        """Nobody's, and not heard of for long."""
        return self.filter(user=None, last_seen_at__lt=moment)

    def silence(self, reason: str) -> int:
        """Forget the push addresses and say why; whatever was silent before keeps its reason."""
        return self.reachable().update(
            **NO_ADDRESS,
            push_silenced_at=Now(),
            push_silenced_reason=reason,
            updated_at=Now(),
        )


class MaintenanceNoticeQuerySet(PlannedQuerySet[Any]):
    def ahead(self) -> Self:
        """Those that are not over, the next one first."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=Now())).order_by("starts_at", "id")
