"""Whoever works on a post hears that it is another now: on the author's own other devices, and on those of others."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.content.models import Post
from apps.content.services import publishing
from apps.notifications.models import Inbox
from tests.content.desk import drafted
from tests.phone import Answer, Phone

pytestmark = pytest.mark.django_db


@pytest.fixture
def post_id(author: Phone, stranger: Phone) -> str:
    """A draft that the stranger may edit."""
    post_id: str = drafted(author)["id"]
    shared = author.put(f"posts/{post_id}/collaborators/{stranger.user_id}", {"role": "editor"})
    assert shared.status in {200, 201}, shared
    return post_id


def hinted(change: Callable[[], object]) -> set[str]:
    """Return whose apps a change had ask again."""
    Inbox.objects.update(hints={})
    change()
    told = Inbox.objects.filter(hints__has_key="posts")
    return {str(one) for one in told.values_list("user_id", flat=True)}


def edited(phone: Phone, post_id: str, title: str) -> Answer:
    answer = phone.patch(f"posts/{post_id}", {"title": title}, if_match="*")
    assert answer.status == 200, answer
    return answer


def test_other_words(author: Phone, stranger: Phone, phone: Phone, post_id: str) -> None:
    both = {author.user_id, stranger.user_id}

    assert hinted(lambda: edited(stranger, post_id, "Harbour at night")) == both
    assert hinted(lambda: edited(author, post_id, "Harbour at noon")) == both
    # No new version, nothing to ask for.
    assert hinted(lambda: edited(author, post_id, "Harbour at noon")) == set()


def test_where_it_stands(author: Phone, stranger: Phone, post_id: str) -> None:
    both = {author.user_id, stranger.user_id}
    later = (timezone.now() + timedelta(days=1)).isoformat()

    assert hinted(lambda: author.post(f"posts/{post_id}/schedule", {"publish_at": later})) == both
    Post.objects.filter(pk=post_id).update(scheduled_for=timezone.now() - timedelta(minutes=1))
    assert hinted(publishing.publish_due) == both
    assert hinted(lambda: author.post(f"posts/{post_id}/archive")) == both
    assert hinted(lambda: author.post(f"posts/{post_id}/publish")) == both
    assert hinted(lambda: author.post(f"posts/{post_id}/publish")) == set()
    assert hinted(lambda: author.delete(f"posts/{post_id}", if_match="*")) == both


def test_who_works_on_it_no_more_hears_no_more(
    author: Phone, stranger: Phone, post_id: str
) -> None:
    assert stranger.delete(f"posts/{post_id}/collaborators/{stranger.user_id}").status == 204

    assert hinted(lambda: edited(author, post_id, "Alone again")) == {author.user_id}
