"""Who may see and do what to a post in which state: every cell of the table, through the wire."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.content.models import Post
from tests.content.desk import archived, deleted, drafted, published
from tests.phone import Answer, Phone


def scheduled(author: Phone) -> dict[str, Any]:
    post = drafted(author)
    Post.objects.filter(pk=post["id"]).update(status="scheduled", scheduled_for=timezone.now())
    return post


# state: how it comes about, may others open it, is it in the feed, may its author still open it
STATES: dict[str, tuple[Callable[[Phone], dict[str, Any]], bool, bool, bool]] = {
    "public": (published, True, True, True),
    "unlisted": (lambda author: published(author, visibility="unlisted"), True, False, True),
    "private": (lambda author: published(author, visibility="private"), False, False, True),
    "draft": (drafted, False, False, True),
    "scheduled": (scheduled, False, False, True),
    "archived": (archived, False, False, True),
    "deleted": (deleted, False, False, False),
    "absent": (lambda author: {"id": str(uuid.uuid4())}, False, False, False),
}
READS: dict[str, Callable[[Phone, str], Answer]] = {
    "read": lambda phone, post_id: phone.get(f"posts/{post_id}"),
    "list comments": lambda phone, post_id: phone.get(f"posts/{post_id}/comments"),
}
WRITES: dict[str, Callable[[Phone, str], Answer]] = {
    "change": lambda phone, post_id: phone.patch(
        f"posts/{post_id}", {"title": "Mine"}, if_match="*"
    ),
    "publish": lambda phone, post_id: phone.post(f"posts/{post_id}/publish"),
    "archive": lambda phone, post_id: phone.post(f"posts/{post_id}/archive"),
    "delete": lambda phone, post_id: phone.delete(f"posts/{post_id}", if_match="*"),
}


def comment(phone: Phone, post_id: str) -> Answer:
    return phone.post(f"posts/{post_id}/comments", {"body": "Lovely."})


def refusal(answer: Answer) -> dict[str, Any]:
    """What a refusal says, without the name of the request."""
    return {name: value for name, value in answer.json.items() if name != "request_id"}


def nothing_there(phone: Phone, act: Callable[[Phone, str], Answer]) -> dict[str, Any]:
    absent = act(phone, str(uuid.uuid4()))
    assert (absent.status, absent.code) == (404, "post_not_found")
    return refusal(absent)


@pytest.mark.parametrize("state", STATES)
def test_others_open_what_is_published_and_not_private(
    author: Phone, stranger: Phone, phone: Phone, state: str
) -> None:
    make, opens, listed, _ = STATES[state]
    post_id = make(author)["id"]

    for act in READS.values():
        for reader in (stranger, phone):
            answer = act(reader, post_id)
            assert answer.status == (200 if opens else 404)
            assert opens or refusal(answer) == nothing_there(reader, act)
    for reader in (author, stranger, phone):
        assert [item["id"] for item in reader.get("feed").json["items"]] == [post_id] * listed
    spoken = comment(stranger, post_id)
    assert spoken.status == (201 if opens else 404)
    assert opens or refusal(spoken) == nothing_there(stranger, comment)


@pytest.mark.parametrize("state", STATES)
def test_others_change_nothing(author: Phone, stranger: Phone, phone: Phone, state: str) -> None:
    post_id = STATES[state][0](author)["id"]
    before = Post.objects.filter(pk=post_id).values().first()

    for act in WRITES.values():
        assert refusal(act(stranger, post_id)) == nothing_there(stranger, act)
        assert (act(phone, post_id).status, act(phone, post_id).code) == (401, "unauthenticated")

    assert comment(phone, post_id).status == 401
    assert Post.objects.filter(pk=post_id).values().first() == before


@pytest.mark.parametrize("state", STATES)
def test_authors_do_all_of_it_until_it_is_deleted(author: Phone, state: str) -> None:
    make, _, _, owned = STATES[state]
    post_id = make(author)["id"]
    assert [item["id"] for item in author.get("posts").json["items"]] == [post_id] * owned
    for act in READS.values():
        assert act(author, post_id).status == (200 if owned else 404)

    for act in WRITES.values():
        answer = act(author, make(author)["id"])
        assert answer.status in ({200, 204} if owned else {404})
        assert owned or refusal(answer) == nothing_there(author, act)
