"""The wire shapes of comments in the words of version 1: those of version 2, whose `text` was called `body`."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.fields import WordsField
from apps.content.api.v2 import serializers as newer
from apps.content.api.v2.serializers import CommentFilter

__all__ = ["Comment", "CommentChange", "CommentCreate", "CommentFilter"]


class Comment(newer.Comment):
    """What somebody said to a post."""

    text = None  # type: ignore[assignment]
    body = serializers.CharField()


class CommentChange(newer.CommentChange):
    """The new words."""

    text = None  # type: ignore[assignment]
    body = WordsField(max_length=models.MAX_COMMENT)


class CommentCreate(newer.CommentCreate):
    """What to say."""

    text = None  # type: ignore[assignment]
    body = WordsField(max_length=models.MAX_COMMENT)
