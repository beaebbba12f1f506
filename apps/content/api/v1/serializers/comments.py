"""The wire shapes of comments."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.v1.serializers.fields import WordsField
from apps.content.api.v1.serializers.people import Author
from apps.core.http.serializers import Input, Output


class Comment(Output):
    """What somebody said to a post."""

    tagged_by = ("rev", "reply_count", "author__display_name")

    id = serializers.UUIDField()
    reply_to = serializers.UUIDField(
        source="parent_id", allow_null=True, help_text="The comment that it replies to."
    )
    author = Author()
    body = serializers.CharField()
    reply_count = serializers.IntegerField()
    rev = serializers.IntegerField(help_text="Grows with every change of the words.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CommentFilter(Input):
    """Which of the comments to list."""

    reply_to = serializers.UUIDField(
        required=False, help_text="The replies to this comment; without it, what was said first."
    )


class CommentChange(Input):
    """The new words."""

    body = WordsField(max_length=models.MAX_COMMENT)


class CommentCreate(CommentChange):
    """What to say."""

    id = serializers.UUIDField(
        required=False, help_text="Chosen by the client, for what it wrote offline; any version."
    )
    reply_to = serializers.UUIDField(
        required=False, allow_null=True, help_text="The comment to reply to; not a reply itself."
    )
