"""The same moment on many phones: real connections, real locks, exact counts."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.models import User
from apps.content.errors import MediaQuotaSpent
from apps.content.models import Comment, Media, Post, Reaction
from apps.content.services import collaborating, responding, uploading
from apps.core.actors import Actor
from apps.core.models import IdempotencyRecord
from tests.content.desk import WORDS, commented, drafted, published
from tests.content.media.camera import announcement
from tests.core.threads import in_threads, start
from tests.phone import Answer, Phone, in_process

_WAITING = """
    SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid IN (
        SELECT pid FROM pg_locks WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
# Less than the lock timeout, so that nobody is sent away for want of processor time.
_PATIENCE = 1.5
VIEWER = {"role": "viewer"}

pytestmark = pytest.mark.django_db(transaction=True)


def twin(phone: Phone) -> Phone:
    """The same person's app on a line of its own."""
    return replace(phone, line=in_process())


def met_at[T](rows: Any, count: int, action: Callable[[], T]) -> list[T]:
    """Do the same thing several times, and let nobody pass the row before most have arrived at it."""
    with transaction.atomic():
        list(rows.select_for_update())
        actors = [start(action) for _ in range(count)]
        deadline = time.monotonic() + _PATIENCE
        with connection.cursor() as cursor:
            waiting = 0
            while waiting < count * 2 // 3 and time.monotonic() < deadline:
                cursor.execute(_WAITING)
                waiting = cursor.fetchone()[0]
    return [actor.answer() for actor in actors]


def test_of_twenty_changes_to_one_version_one_is_made(author: Phone) -> None:
    post = drafted(author)
    tag = author.get(f"posts/{post['id']}").etag

    def change() -> Answer:
        words = {"title": str(uuid.uuid4())}
        return twin(author).patch(f"posts/{post['id']}", words, if_match=tag)

    answers = met_at(Post.objects.all(), 20, change)

    assert Counter(answer.status for answer in answers) == {200: 1, 412: 19}
    assert {answer.json["current_rev"] for answer in answers if answer.status == 412} == {2}
    kept = next(answer.json for answer in answers if answer.status == 200)
    assert author.get(f"posts/{post['id']}").json == kept


def test_twenty_comments_are_twenty(author: Phone, stranger: Phone) -> None:
    post = published(author)

    path = f"posts/{post['id']}/comments"
    met_at(Post.objects.all(), 20, lambda: twin(stranger).post(path, {"body": "Lovely."}))

    assert Comment.objects.count() == 20
    assert Post.objects.get(pk=post["id"]).comment_count == 20


def test_fifty_reactions_at_once_are_counted_one_by_one(author: Phone) -> None:
    post_id = published(author)["id"]
    people = [User(email=f"p{n}@example.test", display_name=f"P{n}") for n in range(25)]
    User.objects.bulk_create(people)
    # Each of them twice: a tap, and its repeat on a bad network.
    actors = iter([Actor(id=person.id) for person in people] * 2)

    def react() -> object:
        kind = {"kind": "like"}
        return responding.react(actor=next(actors), post_id=uuid.UUID(post_id), **kind)

    in_threads(50, react)
    assert Post.objects.get(pk=post_id).reaction_count == Reaction.objects.count() == 25

    actors = iter([Actor(id=person.id) for person in people[:10]] * 2)

    def take_back() -> None:
        responding.take_reaction_back(actor=next(actors), post_id=uuid.UUID(post_id))

    in_threads(20, take_back)
    assert Post.objects.get(pk=post_id).reaction_count == Reaction.objects.count() == 15


def test_replies_and_the_end_of_their_root_do_not_wait_in_a_circle(
    author: Phone, stranger: Phone
) -> None:
    post = published(author)
    root, _ = commented(stranger, post["id"]), commented(stranger, post["id"])
    path = f"posts/{post['id']}/comments"
    order = iter(range(9))

    def act() -> Answer:
        if next(order) == 4:
            return twin(stranger).delete(f"{path}/{root['id']}")
        return twin(author).post(path, {"body": "Indeed.", "reply_to": root["id"]})

    answers = met_at(Post.objects.all(), 9, act)

    assert {answer.status for answer in answers} <= {201, 204, 404}
    assert Post.objects.get(pk=post["id"]).comment_count == 1
    assert Comment.objects.alive().count() == 1


def test_the_last_share_goes_to_one(author: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collaborating, "MAX_COLLABORATORS", 1)
    path = f"posts/{drafted(author)['id']}/collaborators"
    people = [User(email=f"p{n}@example.test") for n in range(6)]
    User.objects.bulk_create(people)
    invited = iter(people)

    answers = met_at(
        Post.objects.all(), 6, lambda: twin(author).put(f"{path}/{next(invited).id}", VIEWER)
    )

    assert Counter(answer.status for answer in answers) == {200: 1, 409: 5}


def test_the_last_place_for_a_picture_goes_to_one(author: Phone, settings: Any) -> None:
    settings.MEDIA_QUOTA_COUNT = 3
    for _ in range(2):
        assert author.post("media", announcement(b"x")).status == 201
    asked = iter([announcement(b"x") for _ in range(50)])
    actor = Actor(id=uuid.UUID(author.user_id))

    def announce() -> bool:
        words = next(asked)
        words["id"], words["sha256"] = uuid.UUID(words["id"]), bytes.fromhex(words["sha256"])
        try:
            uploading.announce(actor=actor, kind="image", visibility="private", **words)
        except MediaQuotaSpent:
            return False
        return True

    assert Counter(met_at(User.objects.all(), 50, announce)) == {True: 1, False: 49}
    assert Media.objects.count() == 3


def test_a_comment_is_deleted_once_however_often_it_is_asked(
    author: Phone, stranger: Phone
) -> None:
    post = published(author)
    comment, _ = commented(stranger, post["id"]), commented(stranger, post["id"])
    path = f"posts/{post['id']}/comments/{comment['id']}"

    answers = met_at(Comment.objects.all(), 8, lambda: twin(stranger).delete(path))

    assert Counter(answer.status for answer in answers) == {204: 1, 404: 7}
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

    path = f"posts/{draft['id']}/publish"
    answers = met_at(Post.objects.all(), 10, lambda: twin(author).post(path))

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

    answers = met_at(Post.objects.all(), 9, act)

    made = sum(answer.status == 201 for answer in answers)
    assert {answer.status for answer in answers} <= {200, 201, 404}
    assert Post.objects.get(pk=post["id"]).comment_count == made == Comment.objects.count()
    archived_at = Post.objects.get(pk=post["id"]).updated_at
    assert all(one.created_at <= archived_at for one in Comment.objects.all())
