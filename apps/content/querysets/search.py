"""Search in Postgres's words: what people type becomes a query; what they meet has a rank and a snippet.

The functions `content_query`, `content_config` and `content_words` are in the migration that made `content_document`.
"""

import re
import unicodedata
from typing import Any

from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    TrigramWordSimilarity,
)
from django.db.models import Case, F, FloatField, Func, TextField, Value, When
from django.db.models.functions import Cast, Concat, Left

MAX_TERMS = 12
# Ranked are so many of the newest posts with the words, so many of all posts with them and so many titles that are
# alike: a word that a million posts have costs what one costs that a thousand have.
MOST_OF_EACH = 500
# So many of the newest posts are searched one by one. The index of words finds any others, but knows no order.
MOST_LOOKED_AT = 5_000
# A match further down is found, but not shown.
_SNIPPET_READS = 8_000
MAX_SNIPPET = 400
# What surrounds a match on its way to the serializer; no text holds control characters.
MATCH_BEGINS, MATCH_ENDS = "\x02", "\x03"
_HEADLINE = (
    f"StartSel={MATCH_BEGINS}, StopSel={MATCH_ENDS}, MaxFragments=2, MaxWords=16, MinWords=6,"
    ' FragmentDelimiter=" … "'
)
# A, B, C, D, as Postgres wants them: from D to A.
_WEIGHTS = [0.05, 0.2, 0.5, 1.0]

_TERM = re.compile(r"\w+")


def terms(text: str) -> list[str]:
    """Return what was typed as words: letters and digits of any script; all else is not part of a question."""
    return _TERM.findall(unicodedata.normalize("NFKC", text).replace("_", " "))[:MAX_TERMS]


class Asked(SearchQuery):
    """All of the words, in any language; the last may be the beginning of one."""

    def __init__(self, text: str) -> None:
        # Quoted, so that nothing in them is an operator.
        quoted = [f"'{term}'" for term in terms(text)]
        if quoted and len(quoted[-1]) > len("''") + 1:
            quoted[-1] += ":*"
        super().__init__(Value(" & ".join(quoted)))
        self.function = "content_query"


def plain(text: str) -> Any:
    """Write what was typed as titles are kept for comparison."""
    return Func(
        Func(Value(" ".join(terms(text))), function="unaccent", output_field=TextField()),
        function="lower",
    )


def rank(text: str) -> Any:
    """Rank a post: above 0 by its words; below 0 where only the title is alike."""
    by_words = SearchRank(
        F("document__words"), Asked(text), weights=_WEIGHTS, normalization=Value(1)
    )
    by_title = TrigramWordSimilarity(plain(text), "document__title") - Value(1.0)
    # Double precision: what a cursor says of a number must be that number.
    return Case(
        When(document__words=Asked(text), then=Cast(by_words, FloatField())),
        default=Cast(by_title, FloatField()),
    )


def snippet(text: str) -> Any:
    """Cut out where the words are, matches between `MATCH_BEGINS` and `MATCH_ENDS`."""
    read = Left(Concat(F("summary"), Value(" "), F("body")), _SNIPPET_READS)
    language = Func(F("language"), function="content_config", output_field=TextField())
    headline = Func(
        language,
        read,
        Asked(text),
        Value(_HEADLINE),
        function="ts_headline",
        output_field=TextField(),
    )
    return Left(headline, MAX_SNIPPET)
