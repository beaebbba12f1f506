"""What search reads of a post: from its first publishing on, a trigger writes it with every change of the words."""

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from apps.content.models.posts import Post

# The functions are in the migration that made the table.
_WRITE = """
    INSERT INTO content_document (post_id, words, title)
    VALUES (
        NEW.id,
        content_words(NEW.language, NEW.title, NEW.summary, NEW.tags, NEW.body),
        lower(unaccent(NEW.title))
    )
    ON CONFLICT (post_id) DO UPDATE SET words = excluded.words, title = excluded.title;
    RETURN NULL;
"""


class Document(models.Model):
    """A post as search knows it, apart from the post: whoever reads or counts on posts carries none of it.

    `words` are the stems of the post's own language without accents, with the title first (A), summary and tags next
    (B) and the body last (C). `title` is there for what is spelled almost like it.
    """

    post = models.OneToOneField(Post, models.CASCADE, primary_key=True, related_name="document")
    words = SearchVectorField()
    title = models.TextField()

    class Meta:
        indexes = [
            GinIndex(fields=["words"], name="document_words"),
            GinIndex(fields=["title"], opclasses=["gin_trgm_ops"], name="document_title"),
        ]

    def __str__(self) -> str:
        return self.title


pgtrigger.register(
    pgtrigger.Trigger(
        name="document",
        when=pgtrigger.After,
        operation=pgtrigger.Insert
        | pgtrigger.UpdateOf("title", "summary", "body", "tags", "language", "published_at"),
        # A draft is found by nobody; taking its words apart would cost its author more than storing it.
        condition=pgtrigger.Q(new__published_at__isnull=False),
        func=_WRITE,
    )
)(Post)
