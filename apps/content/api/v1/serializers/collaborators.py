"""The wire shapes of working together."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.v1.serializers.posts import PostSummary
from apps.core.http.serializers import Input, Output

_ROLE = "`viewer` reads it in any status, `editor` also puts it into other words."


class CollaboratorUser(Output):
    """Who has a share."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()


class Collaborator(Output):
    """Somebody's share in a post."""

    tagged_by = ("rev", "user__display_name")

    user = CollaboratorUser()
    role = serializers.ChoiceField(models.Collaborator.Role.choices, help_text=_ROLE)
    rev = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class CollaboratorChange(Input):
    """What they may do."""

    role = serializers.ChoiceField(models.Collaborator.Role.choices, help_text=_ROLE)


class SharedPost(Output):
    """A post of somebody else that was shared with the caller."""

    role = serializers.ChoiceField(models.Collaborator.Role.choices, help_text=_ROLE)
    created_at = serializers.DateTimeField(help_text="When it was shared.")
    post = PostSummary()
