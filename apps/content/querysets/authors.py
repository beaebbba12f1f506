"""Bringing along who wrote it."""

from typing import Any

from apps.core.models import PlannedQuerySet


def with_author[S: PlannedQuerySet[Any]](queryset: S) -> S:
    """Bring the author's name along and nothing else of the account."""
    own = [field.name for field in queryset.model._meta.concrete_fields]
    return queryset.select_related("author").only(*own, "author__display_name")
