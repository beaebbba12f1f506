"""Bringing along who wrote it."""

from typing import Any

from apps.core.models import PlannedQuerySet

COVER = ("state", "width", "height", "blurhash", "public_folder")


def with_author[S: PlannedQuerySet[Any]](queryset: S) -> S:
    """Bring the author's name along and nothing else of the account."""
    own = [field.name for field in queryset.model._meta.concrete_fields]
    return queryset.select_related("author").only(*own, "author__display_name")


def with_author_and_cover[S: PlannedQuerySet[Any]](queryset: S) -> S:
    """Likewise, and what is shown of the picture on top."""
    own = [field.name for field in queryset.model._meta.concrete_fields]
    cover = [f"cover__{name}" for name in COVER]
    return queryset.select_related("author", "cover").only(*own, "author__display_name", *cover)
