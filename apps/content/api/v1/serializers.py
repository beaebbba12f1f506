"""The wire shapes of posts and comments."""

import re
import unicodedata
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.content import models
from apps.content.querysets.search import MATCH_BEGINS, MATCH_ENDS
from apps.core.http.serializers import AlwaysNull, Input, LocaleField, Output

# What turns the text around it or hides inside it. Joiners stay: emoji and Persian are written with them.
_DECEPTIVE = re.compile("[\u200b\u202a-\u202e\u2060-\u2069\ufeff]")
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class WordsField(serializers.CharField):
    """What a person writes: NFC, lines end in a line feed, no other control characters."""

    default_error_messages = {
        "control": "Control characters are not allowed here.",
        "one_line": "Write this in one line.",
    }

    def __init__(self, *, one_line: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.one_line = one_line

    def to_internal_value(self, data: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_internal_value(data))
        text = text.replace("\r\n", "\n")
        if self.one_line and re.search(r"[\n\t]", text):
            self.fail("one_line")
        if _NOT_TEXT.search(text) or (self.one_line and _DECEPTIVE.search(text)):
            self.fail("control")
        return text


class Author(Output):
    """Who wrote it, as everybody may know them."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()


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
    cover = AlwaysNull(help_text="The picture on top; no post has one yet.")
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
    tagged_by = ("rev", "comment_count", "reaction_count", "author__display_name")

    body = serializers.CharField()


class SnippetPart(Output):
    """A piece of text, plain; show the pieces one after another and mark those that match."""

    text = serializers.CharField()
    match = serializers.BooleanField()


class PostFound(PostSummary):
    """A post as a search shows it."""

    snippet = serializers.SerializerMethodField(
        help_text="Where the words are, or how the text begins: in pieces, so that no text is ever read as markup."
    )

    @extend_schema_field(SnippetPart(many=True))
    def get_snippet(self, post: Any) -> list[dict[str, Any]]:
        pieces = re.split(f"[{MATCH_BEGINS}{MATCH_ENDS}]", post.snippet.strip())
        found = ((text, bool(place % 2)) for place, text in enumerate(pieces))
        return [{"text": text, "match": match} for text, match in found if text]


class SearchFor(Input):
    """What to search for."""

    q = serializers.CharField(max_length=200, help_text="Words; all else in it is ignored.")


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


class PostCreate(PostChange):
    """A new draft."""

    id = serializers.UUIDField(
        required=False, help_text="Chosen by the client, for what it wrote offline; any version."
    )
    title = WordsField(one_line=True, max_length=models.MAX_TITLE)


class PostFilter(Input):
    """Which of the own posts to list."""

    status = serializers.ChoiceField(models.Post.Status.choices, required=False)


class Comment(Output):
    """What somebody said to a post."""

    tagged_by = ("rev", "author__display_name")

    id = serializers.UUIDField()
    author = Author()
    body = serializers.CharField()
    rev = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CommentCreate(Input):
    """What to say."""

    body = WordsField(max_length=models.MAX_COMMENT)
