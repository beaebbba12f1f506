"""The indexes behind lists leave out what people wrote who are out; built while the product runs."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("content", "0008_author_out"),
    ]

    operations = [
        # On a large table this takes minutes, which no request may.
        migrations.RunSQL("SET statement_timeout = 0", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "comment",
            models.Index(
                fields=["post", "created_at", "id"],
                condition=Q(parent=None, hidden_at=None, deleted_at=None, author_out=False),
                name="comment_listed",
            ),
        ),
        AddIndexConcurrently(
            "post",
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(
                    status="published",
                    visibility="public",
                    hidden_at=None,
                    deleted_at=None,
                    author_out=False,
                ),
                name="post_listed",
            ),
        ),
        AddIndexConcurrently(
            "post",
            models.Index(
                fields=["scheduled_for"],
                condition=Q(status="scheduled", deleted_at=None, author_out=False),
                name="post_scheduled",
            ),
        ),
        RemoveIndexConcurrently("comment", "comment_roots"),
        RemoveIndexConcurrently("post", "post_feed"),
        RemoveIndexConcurrently("post", "post_due"),
        migrations.RunSQL("RESET statement_timeout", migrations.RunSQL.noop),
    ]
