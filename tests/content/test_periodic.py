"""The clock's errands: posts appear at their time, counts are put right, what was deleted is forgotten in the end."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.content import periodic
from apps.content.models import Comment, Post, Reaction
from apps.content.services import publishing
from apps.core.ids import new_id
from tests.content.desk import commented, deleted, drafted, published
from tests.core.threads import in_threads
from tests.phone import Phone


def due(author: Phone, **ago: Any) -> str:
    """Make a post whose time has come."""
    post_id: str = drafted(author)["id"]
    moment = timezone.now() - timedelta(**ago)
    Post.objects.filter(pk=post_id).update(status="scheduled", scheduled_for=moment)
    return post_id


def test_what_is_due_is_published_and_nothing_else(author: Phone, phone: Phone) -> None:
    old, new, later = due(author, hours=30), due(author, seconds=1), due(author, hours=-1)
    began = timezone.now()

    for _ in range(2):
        periodic.publish_due_posts()

    assert {one["id"] for one in phone.get("feed").json["items"]} == {old, new}
    first = author.get(f"posts/{old}").json
    assert (first["status"], first["rev"], first["scheduled_for"]) == ("published", 2, None)
    # Missed hours are made up for, and readers find it on top and not a day below.
    assert Post.objects.get(pk=old).published_at >= began
    assert author.get(f"posts/{later}").json["status"] == "scheduled"


@pytest.mark.parametrize("out", [{"is_active": False}, {"deleted_at": timezone.now()}])
def test_nothing_is_published_for_who_is_out_or_gave_it_up(
    author: Phone, stranger: Phone, out: dict[str, Any]
) -> None:
    due(author, hours=1)
    # Before what they wrote is marked.
    User.objects.filter(pk=author.user_id).update(**out)
    given_up = due(stranger, hours=1)
    stranger.delete(f"posts/{given_up}", if_match="*")

    assert publishing.publish_due() == 0


@pytest.mark.django_db(transaction=True)
def test_two_clocks_publish_once(author: Phone) -> None:
    for _ in range(6):
        due(author, hours=1)

    counts = in_threads(3, lambda: publishing.publish_due(batch=2))

    assert sum(count or 0 for count in counts) == 6
    assert set(Post.objects.values_list("rev", flat=True)) == {2}


def test_counts_are_put_right(author: Phone, stranger: Phone) -> None:
    post, untouched = published(author), published(author)
    root = commented(stranger, post["id"])
    for _ in range(2):
        commented(author, post["id"], reply_to=root["id"])
    hidden = commented(stranger, post["id"])
    Comment.objects.filter(pk=hidden["id"]).update(hidden_at=timezone.now())
    stranger.put(f"posts/{post['id']}/reaction", {"kind": "like"})
    Post.objects.filter(pk=post["id"]).update(comment_count=9, reaction_count=F("comment_count"))
    Comment.objects.filter(pk=root["id"]).update(reply_count=7)

    periodic.reconcile_counts()

    right = author.get(f"posts/{post['id']}").json
    assert (right["comment_count"], right["reaction_count"]) == (3, Reaction.objects.count())
    assert Comment.objects.get(pk=root["id"]).reply_count == 2
    assert right["rev"] == post["rev"]
    assert author.get(f"posts/{untouched['id']}").json == untouched


def test_tombstones_are_kept_for_ninety_days(author: Phone, stranger: Phone) -> None:
    post, kept = published(author), published(author)
    commented(stranger, post["id"])
    stranger.put(f"posts/{post['id']}/bookmark")
    said = commented(stranger, kept["id"])
    stranger.delete(f"posts/{kept['id']}/comments/{said['id']}")
    recent = deleted(author)
    author.delete(f"posts/{post['id']}", if_match="*")
    long_ago = timezone.now() - timedelta(days=90, seconds=1)
    Post.objects.filter(pk=post["id"]).update(deleted_at=long_ago)
    Comment.objects.filter(pk=said["id"]).update(deleted_at=long_ago)

    periodic.forget_tombstones()

    left = {str(one) for one in Post.objects.values_list("pk", flat=True)}
    assert left == {kept["id"], recent["id"]}
    assert not Comment.objects.exists()
    assert author.post("posts", {"id": str(new_id()), "title": "New"}).status == 201
