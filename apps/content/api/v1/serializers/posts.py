"""The wire shapes of posts."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.fields import WordsField
from apps.content.api.v1.serializers.media import Cover
from apps.content.api.v1.serializers.people import Author
from apps.core.http.serializers import Input, LocaleField, MomentField, Output


class PostSummary(Output):
    """A post as a list shows it."""

    id = serializers.UUIDField()
    author = Author()
    title = serializers.CharField()
    summary = serializers.CharField()
    status = serializers.ChoiceField(models.Post.Status.choices)
    visibility = serializers.ChoiceField(
        models.Post.Visibility.choices, help_text="`unlisted`: whoever knows the id may read it."
    )
    tags = serializers.ListField(child=serializers.CharField(), help_text="Lower case.")
    cover = Cover(allow_null=True, help_text="The picture on top.")
    comment_count = serializers.IntegerField()
    reaction_count = serializers.IntegerField()
    rev = serializers.IntegerField(help_text="Grows with every change of the post itself.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(
        allow_null=True, help_text="When it first was; stays when it is archived."
    )


class Post(PostSummary):
    """A post as its own screen shows it."""

    # Counts and the author's name are shown beside the text, and are no part of its version.
    tagged_by = ("rev", "comment_count", "reaction_count", "author__display_name", "cover__state")

    scheduled_for = serializers.DateTimeField(
        allow_null=True, help_text="When it will be published, while it is `scheduled`."
    )
    hidden_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When staff took it out of sight; only those who work on it still see it.",
    )
    body = serializers.CharField()


class PostChange(Input):
    """What changes; a field that is left out stays as it is."""

    title = WordsField(one_line=True, max_length=models.MAX_TITLE, required=False)
    summary = WordsField(max_length=models.MAX_SUMMARY, allow_blank=True, required=False)
    body = WordsField(
        max_length=models.MAX_BODY, allow_blank=True, trim_whitespace=False, required=False
    )
    visibility = serializers.ChoiceField(models.Post.Visibility.choices, required=False)
    language = LocaleField(
        allow_blank=True,
        required=False,
        help_text="What the text is written in, BCP 47; for search, not shown.",
    )
    tags = serializers.ListField(
        child=WordsField(one_line=True, max_length=models.MAX_TAG),
        max_length=models.MAX_TAGS,
        required=False,
        help_text="Kept in lower case, each once, in this order.",
    )
    cover = serializers.UUIDField(
        allow_null=True, required=False, help_text="A picture of your own that was uploaded."
    )


class PostCreate(PostChange):
    """A new draft."""

    id = serializers.UUIDField(
        required=False, help_text="Chosen by the client, for what it wrote offline; any version."
    )
    title = WordsField(one_line=True, max_length=models.MAX_TITLE)


class PostFilter(Input):
    """Which of the own posts to list."""

    status = serializers.ChoiceField(models.Post.Status.choices, required=False)


class Schedule(Input):
    """When to publish."""

    publish_at = MomentField(
        allow_null=True, help_text="Within a year from now; null makes it a draft again."
    )
