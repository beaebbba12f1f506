"""The same moment on many phones: real connections, real locks, exact counts."""

import uuid
from collections import Counter
from dataclasses import replace

import pytest

from apps.content.models import Comment, Post
from apps.core.models import IdempotencyRecord
from tests.content.desk import WORDS, commented, drafted, published
from tests.core.threads import in_threads
from tests.phone import Answer, Phone, in_process

pytestmark = pytest.mark.django_db(transaction=True)


def twin(phone: Phone) -> Phone:
    """The same person's app on a line of its own."""
    return replace(phone, line=in_process())


def test_of_twenty_changes_to_one_version_one_is_made(author: Phone) -> None:
    post = drafted(author)
    tag = author.get(f"posts/{post['id']}").etag

    def change() -> Answer:
        words = {"title": str(uuid.uuid4())}
        return twin(author).patch(f"posts/{post['id']}", words, if_match=tag)

    answers = in_threads(20, change)

    assert Counter(answer.status for answer in answers) == {200: 1, 412: 19}
    assert {answer.json["current_rev"] for answer in answers if answer.status == 412} == {2}
    kept = next(answer.json for answer in answers if answer.status == 200)
    assert author.get(f"posts/{post['id']}").json == kept


def test_twenty_comments_are_twenty(author: Phone, stranger: Phone) -> None:
    post = published(author)

    in_threads(20, lambda: commented(twin(stranger), post["id"]))

    assert Comment.objects.count() == 20
    assert Post.objects.get(pk=post["id"]).comment_count == 20


def test_a_comment_is_deleted_once_however_often_it_is_asked(
    author: Phone, stranger: Phone
) -> None:
    post = published(author)
    comment, _ = commented(stranger, post["id"]), commented(stranger, post["id"])
    path = f"posts/{post['id']}/comments/{comment['id']}"

    answers = in_threads(8, lambda: twin(stranger).delete(path).status)

    assert Counter(answers) == {204: 1, 404: 7}
    assert Post.objects.get(pk=post["id"]).comment_count == 1


def test_ten_drafts_of_one_id_are_one(author: Phone) -> None:
    words = WORDS | {"id": str(uuid.uuid4())}

    answers = in_threads(10, lambda: twin(author).post("posts", words))

    assert Counter(answer.status for answer in answers) == {201: 1, 200: 9}
    assert len({answer.content for answer in answers}) == 1
    assert Post.objects.count() == 1


def test_ten_drafts_under_one_key_are_one(author: Phone) -> None:
    answers = in_threads(10, lambda: twin(author).post("posts", WORDS, idempotency_key="tunnel"))

    made = {answer.content for answer in answers if answer.status == 201}
    waiting = [answer for answer in answers if answer.status != 201]
    assert len(made) == 1
    assert {answer.code for answer in waiting} <= {"idempotency_in_progress"}
    assert author.post("posts", WORDS, idempotency_key="tunnel").content in made
    assert Post.objects.count() == IdempotencyRecord.objects.count() == 1


def test_ten_verbs_at_once_are_one_publication(author: Phone, stranger: Phone) -> None:
    draft = drafted(author)

    answers = in_threads(10, lambda: twin(author).post(f"posts/{draft['id']}/publish"))

    assert len({answer.content for answer in answers}) == 1
    assert stranger.get(f"posts/{draft['id']}").json == answers[0].json
    assert answers[0].json["rev"] == 2


def test_nothing_is_said_to_a_post_after_it_was_hidden(author: Phone, stranger: Phone) -> None:
    """Whoever is first wins: each comment was either made before the archive or refused."""
    post = published(author)
    comments = f"posts/{post['id']}/comments"
    order = iter(range(9))

    def act() -> Answer:
        if next(order) == 4:
            return twin(author).post(f"posts/{post['id']}/archive")
        return twin(stranger).post(comments, {"body": "Lovely."})

    answers = in_threads(9, act)

    made = sum(answer.status == 201 for answer in answers)
    assert {answer.status for answer in answers} <= {200, 201, 404}
    assert Post.objects.get(pk=post["id"]).comment_count == made == Comment.objects.count()
    archived_at = Post.objects.get(pk=post["id"]).updated_at
    assert all(one.created_at <= archived_at for one in Comment.objects.all())
