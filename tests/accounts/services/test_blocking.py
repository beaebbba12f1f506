"""Blocks: neither sees the other, whoever asked for it, and nobody learns of it."""

import uuid
from typing import Any

import pytest

from apps.accounts import selectors
from apps.accounts.models import Block, User
from apps.accounts.services import blocking
from apps.core.actors import ANONYMOUS, Actor
from apps.core.ids import new_id
from tests.core.threads import in_threads
from tests.golden import golden, steady
from tests.phone import Phone


def as_actor(phone: Phone) -> Actor:
    return Actor(id=uuid.UUID(phone.user_id))


def test_blocking_and_taking_it_back(author: Phone, stranger: Phone) -> None:
    made = author.post("me/blocks", {"user_id": stranger.user_id})
    listed = author.get("me/blocks")

    assert made.status == 201
    assert steady(made.json) == golden(__file__, "block")
    assert listed.json == {"items": [made.json], "next": None}
    assert stranger.get("me/blocks").json["items"] == []

    assert author.delete(f"me/blocks/{stranger.user_id}").status == 204
    assert author.get("me/blocks").json["items"] == []
    assert author.delete(f"me/blocks/{stranger.user_id}").status == 204


def test_twice_is_once(author: Phone, stranger: Phone) -> None:
    first = author.post("me/blocks", {"user_id": stranger.user_id})
    again = author.post("me/blocks", {"user_id": stranger.user_id})

    assert (again.status, again.json) == (201, first.json)


def test_who_can_t_be_blocked(author: Phone, stranger: Phone) -> None:
    oneself = author.post("me/blocks", {"user_id": author.user_id})
    assert (oneself.status, oneself.pointers) == (400, {"/user_id"})

    absent = author.post("me/blocks", {"user_id": str(new_id())})
    User.objects.filter(pk=stranger.user_id).update(is_active=False)
    gone = author.post("me/blocks", {"user_id": stranger.user_id})
    assert (absent.status, absent.code) == (gone.status, gone.code) == (404, "user_not_found")
    assert Block.objects.count() == 0


def test_not_more_than_anybody_needs(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocking, "MOST_BLOCKS", 1)
    troll = User.objects.create(display_name="Troll")
    author.post("me/blocks", {"user_id": str(troll.pk)})

    refused = author.post("me/blocks", {"user_id": stranger.user_id})

    assert (refused.status, refused.code) == (409, "too_many_blocks")
    assert author.post("me/blocks", {"user_id": str(troll.pk)}).status == 201


@pytest.mark.django_db(transaction=True)
def test_at_once_is_once(author: Phone, stranger: Phone) -> None:
    statuses = in_threads(4, lambda: author.post("me/blocks", {"user_id": stranger.user_id}).status)

    assert statuses == [201] * 4
    assert Block.objects.count() == 1


def test_either_way_in_one_statement(
    author: Phone, stranger: Phone, django_assert_num_queries: Any
) -> None:
    bystander = User.objects.create(display_name="Bo Bystander")

    def seen_by(actor: Actor) -> set[str]:
        with django_assert_num_queries(1):
            rows = User.objects.filter(selectors.unblocked(actor, "pk"))
            return {str(user.pk) for user in rows}

    everybody = {author.user_id, stranger.user_id, str(bystander.pk)}
    assert seen_by(as_actor(author)) == everybody
    blocking.block(actor=as_actor(author), user_id=uuid.UUID(stranger.user_id))

    assert seen_by(as_actor(author)) == everybody - {stranger.user_id}
    assert seen_by(as_actor(stranger)) == everybody - {author.user_id}
    assert seen_by(Actor(id=bystander.pk)) == everybody
    assert seen_by(ANONYMOUS) == everybody

    assert selectors.are_blocked(as_actor(stranger), uuid.UUID(author.user_id))
    assert not selectors.are_blocked(as_actor(stranger), bystander.pk)
