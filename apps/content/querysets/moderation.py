"""The adjectives of what was reported."""

from typing import Any, Self

from apps.core.models import PlannedQuerySet


class CaseQuerySet(PlannedQuerySet[Any]):
    def open(self) -> Self:
        """Waiting for somebody's judgement."""
        return self.filter(state=self.model.State.OPEN)


class ReportQuerySet(PlannedQuerySet[Any]):
    def by(self, user_id: Any) -> Self:
        """Of one person's; they may know, and nobody else but staff."""
        return self.filter(reporter=user_id)
