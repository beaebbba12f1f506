"""The wire shapes of reactions and bookmarks."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.v1.serializers.posts import PostSummary
from apps.core.http.serializers import Input, Output


class Reaction(Output):
    """How the caller finds a post."""

    kind = serializers.ChoiceField(models.Reaction.Kind.choices)
    created_at = serializers.DateTimeField()


class ReactionChange(Input):
    """How to find it."""

    kind = serializers.ChoiceField(models.Reaction.Kind.choices)


class Bookmark(Output):
    """A post that the caller keeps for later."""

    created_at = serializers.DateTimeField(help_text="Since when.")
    post = PostSummary()
