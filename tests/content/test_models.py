"""What the tables themselves refuse, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.content.models import Comment, Post

NOW = timezone.now()


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(email="ada@example.test", display_name="Ada")


def written(ada: User, **values: Any) -> Post:
    return Post.objects.create(**({"author": ada, "title": "Harbour lights"} | values))


@pytest.mark.parametrize(
    ("broken", "values"),
    [
        ("post_published_at_fits_status", {"status": "published"}),
        ("post_published_at_fits_status", {"status": "draft", "published_at": NOW}),
        ("post_published_at_fits_status", {"status": "gone"}),
        ("post_scheduled_for_fits_status", {"status": "scheduled"}),
        ("post_scheduled_for_fits_status", {"scheduled_for": NOW}),
        ("post_visibility_known", {"visibility": "friends"}),
        ("post_few_tags", {"tags": [str(number) for number in range(11)]}),
        ("post_wordless_when_deleted", {"title": ""}),
        ("post_wordless_when_deleted", {"deleted_at": NOW}),
        ("comment_count", {"comment_count": -1}),
    ],
)
def test_a_post_that_contradicts_itself_is_not_stored(
    ada: User, broken: str, values: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=broken), transaction.atomic():
        written(ada, **values)

    assert not Post.objects.exists()


@pytest.mark.parametrize("values", [{"body": ""}, {"body": "Lovely.", "deleted_at": NOW}])
def test_a_comment_has_words_until_it_is_deleted(ada: User, values: dict[str, Any]) -> None:
    post = written(ada)

    with pytest.raises(IntegrityError, match="comment_wordless_when_deleted"), transaction.atomic():
        Comment.objects.create(**({"post": post, "author": ada} | values))


def test_nobody_with_words_disappears_unnoticed(ada: User) -> None:
    """A purge has to say what becomes of posts and of counts elsewhere."""
    written(ada)

    with pytest.raises(Exception, match="protected foreign keys"):
        ada.delete()


def test_raw_rows_get_what_the_model_would_give(ada: User) -> None:
    bare = Post.objects.raw(
        "INSERT INTO content_post (author_id, title, summary, body, language, tags)"
        " VALUES (%s, 'Raw', '', '', '', '{}') RETURNING *",
        [ada.pk],
    )[0]

    assert (bare.pk.version, bare.rev, bare.status, bare.visibility) == (7, 1, "draft", "public")
    assert bare.created_at == bare.updated_at
