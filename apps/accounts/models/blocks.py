"""Who does not want to see whom."""

from django.db import models
from django.db.models import F, Q

from apps.accounts.models.people import User
from apps.accounts.querysets import BlockQuerySet
from apps.core.models import Record, planned_manager


class Block(Record):
    """One person's wish never to meet another. It is kept both ways: neither sees the other."""

    # Its indexes begin the two below.
    blocker = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    blocked = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")

    objects = planned_manager(BlockQuerySet)

    class Meta:
        indexes = [
            models.Index("blocker", F("id").desc(), name="block_of"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(condition=~Q(blocker=F("blocked")), name="block_somebody_else"),
        ]

    def __str__(self) -> str:
        return str(self.id)
