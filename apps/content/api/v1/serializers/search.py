"""The wire shapes of search."""

import re
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.content.api.v1.serializers.posts import PostSummary
from apps.content.querysets.search import MATCH_BEGINS, MATCH_ENDS
from apps.core.http.serializers import Input, Output


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
