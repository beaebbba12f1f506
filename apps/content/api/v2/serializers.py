"""The wire shapes that version 2 has changed, and what they are made of; version 1 is told in terms of these."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.fields import WordsField
from apps.core.http.serializers import Input, Output


class Author(Output):
    """Who wrote it, as everybody may know them."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()


class Comment(Output):
    """What somebody said to a post."""

    tagged_by = ("rev", "reply_count", "author__display_name")

    id = serializers.UUIDField()
    reply_to = serializers.UUIDField(
        source="parent_id", allow_null=True, help_text="The comment that it replies to."
    )
    author = Author()
    text = serializers.CharField(source="body")
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

    text = WordsField(source="body", max_length=models.MAX_COMMENT)


class CommentCreate(CommentChange):
    """What to say."""

    id = serializers.UUIDField(
        required=False, help_text="Chosen by the client, for what it wrote offline; any version."
    )
    reply_to = serializers.UUIDField(
        required=False, allow_null=True, help_text="The comment to reply to; not a reply itself."
    )
