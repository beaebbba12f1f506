"""I9: whatever people do to the same posts at the same time, in whatever order, the counts are what a recount says."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from apps.accounts.models import User
from apps.content.models import Case, Comment, Post
from apps.content.services import moderation, upkeep
from tests.content.desk import published
from tests.content.test_concurrency import twin
from tests.core.threads import start
from tests.phone import Phone

_THREADS, _DEEDS = 4, 30


def life(phone: Phone, posts: list[str], chance: random.Random) -> Callable[[], int]:
    """Make somebody who talks, reacts and takes back at random; returns how much of it was done."""

    def anybody(**which: Any) -> Comment | None:
        found = list(Comment.objects.alive().filter(**which).order_by("id"))
        return chance.choice(found) if found else None

    def deed() -> int:
        post = chance.choice(posts)
        match chance.randrange(6):
            case 0 | 1:
                return phone.post(f"posts/{post}/comments", {"body": "So."}).status
            case 2 if root := anybody(post=post, parent=None):
                words = {"body": "Is it?", "reply_to": str(root.pk)}
                return phone.post(f"posts/{post}/comments", words).status
            case 3 if mine := anybody(post=post, author=phone.user_id):
                return phone.delete(f"posts/{post}/comments/{mine.pk}").status
            case 4:
                return phone.put(f"posts/{post}/reaction", {"kind": "like"}).status
            case 5:
                return phone.delete(f"posts/{post}/reaction").status
        return 0

    return lambda: sum(200 <= deed() < 300 for _ in range(_DEEDS))


def judging(staff: User, chance: random.Random) -> Callable[[], int]:
    """Make a member of staff who hides comments and shows them again at random."""

    def deed() -> int:
        comment = chance.choice([*Comment.objects.alive()] or [None])
        if comment is None:
            return 0
        case, _ = Case.objects.get_or_create(
            comment=comment,
            defaults={"author_id": comment.author_id, "reported_at": timezone.now()},
        )
        verb = moderation.restore if comment.hidden_at else moderation.hide
        verb(case_id=case.pk, by=staff.pk)
        return 1

    return lambda: sum(deed() for _ in range(_DEEDS))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(2))
def test_counts_are_what_a_recount_says(author: Phone, stranger: Phone, seed: int) -> None:
    staff = User.objects.create_superuser("staff@example.test", "x", display_name="Staff")
    posts = [published(author)["id"] for _ in range(2)]
    people = [twin(phone) for phone in (author, stranger)] * (_THREADS // 2)
    lives = [life(p, posts, random.Random(f"{seed} {n}")) for n, p in enumerate(people)]

    actors = [start(one) for one in (*lives, judging(staff, random.Random(seed)))]
    done = [actor.answer() for actor in actors]

    assert all(done), "everybody got something done"
    assert Post.objects.filter(Q(comment_count__gt=0) & Q(pk__in=posts)).exists()
    assert upkeep.reconcile_counts() == 0
