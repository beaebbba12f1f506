"""Whom one is not to meet: blocked either way, or out. Their words are nowhere, and yours are nowhere for them."""

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from tests.content.desk import commented, published, shared
from tests.phone import Phone

PARTINGS: dict[str, Callable[[Phone, Phone], object]] = {
    "the reader blocks": lambda author, reader: reader.post(
        "me/blocks", {"user_id": author.user_id}
    ),
    "the author blocks": lambda author, reader: author.post(
        "me/blocks", {"user_id": reader.user_id}
    ),
    "staff disable the author": lambda author, reader: User.objects.filter(
        pk=author.user_id
    ).update(is_active=False),
    "the author leaves": lambda author, reader: User.objects.filter(pk=author.user_id).update(
        deleted_at="2026-01-01T00:00:00Z"
    ),
}


@pytest.mark.parametrize("how", PARTINGS)
def test_who_is_not_to_be_met_is_nowhere(author: Phone, stranger: Phone, how: str) -> None:
    third = Phone().verified("third@example.test")
    post, elsewhere = published(author), published(third)
    shared(author, post["id"], stranger.user_id, role="editor")
    stranger.put(f"posts/{post['id']}/bookmark")
    said = commented(author, elsewhere["id"])
    assert len(stranger.get("feed").json["items"]) == 2

    PARTINGS[how](author, stranger)

    path = f"posts/{post['id']}"
    assert [item["id"] for item in stranger.get("feed").json["items"]] == [elsewhere["id"]]
    for empty in ("bookmarks", "posts/shared", f"posts/{elsewhere['id']}/comments"):
        assert stranger.get(empty).json["items"] == [], empty
    for refused in (
        stranger.get(path),
        stranger.get(f"{path}/comments"),
        stranger.get(f"{path}/collaborators"),
        stranger.patch(path, {"title": "Mine"}, if_match="*"),
        stranger.post(f"{path}/comments", {"body": "Lovely."}),
        stranger.put(f"{path}/reaction", {"kind": "like"}),
        stranger.put(f"{path}/bookmark"),
    ):
        assert refused.code == "post_not_found", refused.content
    below = f"posts/{elsewhere['id']}/comments"
    assert stranger.get(f"{below}/{said['id']}").code == "comment_not_found"
    reply = stranger.post(below, {"body": "Really?", "reply_to": said["id"]})
    assert reply.code == "comment_not_found"
    if how.endswith("blocks"):
        assert third.get(path).status == author.get(path).status == 200


def test_who_comes_back_is_met_again(author: Phone, stranger: Phone) -> None:
    theirs = published(stranger)
    post, said = published(author), commented(author, theirs["id"])
    comment = f"posts/{theirs['id']}/comments/{said['id']}"
    assert author.delete("me").status == 202

    assert [item["id"] for item in stranger.get("feed").json["items"]] == [theirs["id"]]
    assert stranger.get(f"posts/{post['id']}").code == "post_not_found"
    assert stranger.get(comment).code == "comment_not_found"

    proof = author.login().json["restore"]
    assert author.post("me/restore", {"restore": proof}).status == 200
    assert len(stranger.get("feed").json["items"]) == 2
    assert stranger.get(f"posts/{post['id']}").status == stranger.get(comment).status == 200


def test_anonymous_readers_do_not_meet_who_is_out(author: Phone, phone: Phone) -> None:
    post = published(author)
    User.objects.filter(pk=author.user_id).update(is_active=False)

    assert phone.get("feed").json["items"] == []
    assert phone.get(f"posts/{post['id']}").code == "post_not_found"
