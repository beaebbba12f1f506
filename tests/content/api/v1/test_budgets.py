"""What the lists cost when they are as full as they can be: one query, and bytes that were promised."""

from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.content.api.v1.views import collaborators, comments, posts, responses
from apps.content.models import MAX_COLLABORATORS, Bookmark, Collaborator, Comment, Post
from apps.core.http.operations import operation_of
from tests.content.desk import drafted, published
from tests.phone import Answer, Phone

WIDE = "\U0001f30a"
"""Four bytes in UTF-8: no character costs more."""
PAGE = 100


@pytest.fixture
def verbose(author: Phone) -> Phone:
    """Somebody who has filled every field of a hundred posts to its brim."""
    User.objects.filter(pk=author.user_id).update(display_name=WIDE * 80)
    Post.objects.bulk_create(
        Post(
            author_id=author.user_id,
            title=WIDE * 200,
            summary=WIDE * 500,
            body=WIDE * 50_000,
            tags=[WIDE * 39 + str(number) for number in range(10)],
            status="published",
            published_at=timezone.now(),
            comment_count=PAGE,
        )
        for _ in range(PAGE + 1)
    )
    return author


def assert_within(answer: Answer, view: type[Any]) -> None:
    promised = operation_of(view, "get").budget.bytes
    assert answer.status == 200
    assert 0.9 * promised < len(answer.content) <= promised


@pytest.mark.parametrize(("path", "view"), [("feed", posts.Feed), ("posts", posts.PostList)])
def test_a_full_page_of_posts(
    verbose: Phone, statements: list[str], path: str, view: type[Any]
) -> None:
    verbose.get(path)
    statements.clear()

    page = verbose.get(f"{path}?limit={PAGE}")

    assert len(statements) == 1
    assert len(page.json["items"]) == PAGE
    assert page.json["next"]
    assert_within(page, view)


def test_the_longest_post(verbose: Phone, statements: list[str]) -> None:
    post_id = verbose.get("posts?limit=1").json["items"][0]["id"]
    statements.clear()

    post = verbose.get(f"posts/{post_id}")

    assert len(statements) == 1
    assert_within(post, posts.PostDetail)


def test_a_full_page_of_comments(verbose: Phone, statements: list[str]) -> None:
    post = published(verbose)
    Comment.objects.bulk_create(
        Comment(post_id=post["id"], author_id=verbose.user_id, body=WIDE * 2_000)
        for _ in range(PAGE + 1)
    )
    statements.clear()

    page = verbose.get(f"posts/{post['id']}/comments?limit={PAGE}")

    assert len(statements) == 1
    assert len(page.json["items"]) == PAGE
    assert_within(page, comments.PostComments)


def test_full_pages_of_what_hangs_on_people(verbose: Phone, statements: list[str]) -> None:
    own = list(Post.objects.all()[: PAGE + 1])
    me = verbose.user_id
    Bookmark.objects.bulk_create(Bookmark(post=post, user_id=me) for post in own)
    Collaborator.objects.bulk_create(
        Collaborator(post=post, user_id=me, role="viewer") for post in own
    )
    crew = [User(display_name=WIDE * 80) for _ in range(MAX_COLLABORATORS - 1)]
    User.objects.bulk_create(crew)
    Collaborator.objects.bulk_create(
        Collaborator(post=own[0], user=one, role="viewer") for one in crew
    )
    for path, view, length in (
        ("bookmarks", responses.BookmarkList, PAGE),
        ("posts/shared", collaborators.SharedPosts, PAGE),
        (f"posts/{own[0].id}/collaborators", collaborators.PostCollaborators, MAX_COLLABORATORS),
    ):
        verbose.get(path)
        statements.clear()
        page = verbose.get(f"{path}?limit={PAGE}")
        assert len(statements) == 1, path
        assert len(page.json["items"]) == length
        assert_within(page, view)


def test_writes_ask_what_they_must(author: Phone, stranger: Phone, statements: list[str]) -> None:
    post = published(author)
    path = f"posts/{post['id']}"
    stranger.get("feed")

    def count(answer: Answer) -> int:
        assert answer.status < 300, answer.content
        spent = len(statements)
        statements.clear()
        return spent

    statements.clear()
    # The row with its author's name; the row under lock, its next version and who hears of it.
    assert count(author.post("posts", {"title": "Another"})) == 1
    assert count(author.patch(path, {"title": "Changed"}, if_match="*")) == 3
    assert count(author.post(f"{path}/archive")) == 3
    assert count(author.post(f"{path}/publish")) == 4
    assert count(author.post(f"{path}/publish")) == 2
    commented = stranger.post(f"{path}/comments", {"body": "Lovely."})
    assert count(commented) <= 8
    assert count(stranger.delete(f"{path}/comments/{commented.json['id']}")) == 4
    assert count(author.delete(path, if_match="*")) == 3


def test_one_author_more_is_no_query_more(
    author: Phone, stranger: Phone, statements: list[str]
) -> None:
    published(author)
    statements.clear()
    author.get("feed")
    alone = len(statements)
    for phone in (author, stranger):
        for _ in range(5):
            published(phone)
        drafted(phone)
    statements.clear()

    assert len(author.get("feed").json["items"]) == 11
    assert len(statements) == alone == 1
