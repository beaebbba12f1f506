"""What readers say to a post: oldest first, counted exactly, its author told once."""

import uuid

import pytest
from django.utils import timezone

from apps.content.models import EDIT_WINDOW, Comment, Post
from apps.content.services import commenting
from tests.content.desk import commented, deleted, drafted, published
from tests.content.golden import golden, steady
from tests.phone import Phone


def test_comments_are_listed_oldest_first(author: Phone, stranger: Phone, phone: Phone) -> None:
    post = published(author)
    commented(stranger, post["id"])
    assert steady(phone.get(f"posts/{post['id']}/comments").json) == golden("comments")

    commented(author, post["id"], "Thank you.")
    commented(stranger, post["id"], "More, please.")

    first = phone.get(f"posts/{post['id']}/comments?limit=2").json
    second = phone.get(f"posts/{post['id']}/comments?limit=2&cursor={first['next']}").json
    said = [item["body"] for page in (first, second) for item in page["items"]]
    assert said == ["Lovely.", "Thank you.", "More, please."]
    assert author.get(f"posts/{post['id']}").json["comment_count"] == 3


def test_a_list_without_comments_is_not_a_missing_post(author: Phone, phone: Phone) -> None:
    post = published(author)

    assert phone.get(f"posts/{post['id']}/comments").json == {"items": [], "next": None}
    assert phone.get(f"posts/{uuid.uuid4()}/comments").code == "post_not_found"


def test_comments_vanish_with_what_hides_their_post(author: Phone, stranger: Phone) -> None:
    post = published(author)
    commented(stranger, post["id"])

    author.patch(f"posts/{post['id']}", {"visibility": "private"}, if_match="*")

    assert stranger.get(f"posts/{post['id']}/comments").code == "post_not_found"
    assert len(author.get(f"posts/{post['id']}/comments").json["items"]) == 1


@pytest.mark.parametrize("body", ["", "  ", "x" * 2_001, None, ["x"]])
def test_what_is_no_comment_is_refused(author: Phone, body: object) -> None:
    post = published(author)

    answer = author.post(f"posts/{post['id']}/comments", {"body": body})

    assert (answer.status, answer.pointers) == (400, {"/body"})


def test_both_who_wrote_it_and_whose_post_it_is_may_delete(
    author: Phone, stranger: Phone, phone: Phone
) -> None:
    phone.verified("third@example.test")
    post = published(author)
    own, theirs, kept = (commented(stranger, post["id"]) for _ in range(3))
    comments = f"posts/{post['id']}/comments"

    assert phone.delete(f"{comments}/{own['id']}").code == "comment_not_found"
    assert stranger.delete(f"{comments}/{own['id']}").status == 204
    assert author.delete(f"{comments}/{theirs['id']}").status == 204
    assert author.delete(f"{comments}/{theirs['id']}").code == "comment_not_found"

    assert [item["id"] for item in phone.get(comments).json["items"]] == [kept["id"]]
    assert phone.get(f"posts/{post['id']}").json["comment_count"] == 1
    tombstone = Comment.objects.get(pk=own["id"])
    assert (tombstone.body, tombstone.rev) == ("", 2)


def test_a_comment_is_found_below_its_own_post_only(author: Phone, stranger: Phone) -> None:
    post, other = published(author), published(author)
    comment = commented(stranger, post["id"])

    elsewhere = stranger.delete(f"posts/{other['id']}/comments/{comment['id']}")
    absent = stranger.delete(f"posts/{post['id']}/comments/{uuid.uuid4()}")

    assert elsewhere.code == absent.code == "comment_not_found"
    assert stranger.delete(f"posts/{post['id']}/comments/{comment['id']}").status == 204


def test_a_deleted_post_takes_no_more_part(author: Phone, stranger: Phone) -> None:
    post = published(author)
    comment = commented(stranger, post["id"])
    author.delete(f"posts/{post['id']}", if_match="*")

    gone = stranger.delete(f"posts/{post['id']}/comments/{comment['id']}")

    assert gone.code == "comment_not_found"
    assert stranger.post(f"posts/{post['id']}/comments", {"body": "?"}).code == "post_not_found"


def test_the_author_is_told_of_others_and_not_of_themselves(author: Phone, stranger: Phone) -> None:
    post = published(author)
    commented(author, post["id"], "First!")
    assert author.get("notifications").json["items"] == []

    commented(stranger, post["id"])

    told = author.get("notifications").json["items"]
    assert [one["kind"] for one in told] == ["comment_created"]
    assert stranger.get("notifications").json["items"] == []


def test_no_comment_without_telling_and_no_telling_without_comment(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = published(author)

    def failing(**_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(commenting, "notify", failing)
    with pytest.raises(ConnectionError):
        stranger.post(f"posts/{post['id']}/comments", {"body": "Lovely."})

    assert not Comment.objects.exists()
    assert Post.objects.get(pk=post["id"]).comment_count == 0


def test_private_notes_take_comments_from_their_author_alone(
    author: Phone, stranger: Phone
) -> None:
    draft = drafted(author)

    assert stranger.post(f"posts/{draft['id']}/comments", {"body": "?"}).status == 404
    assert author.post(f"posts/{draft['id']}/comments", {"body": "Later."}).status == 201
    gone = deleted(author)
    assert author.post(f"posts/{gone['id']}/comments", {"body": "?"}).status == 404


def test_replies_are_one_level_deep_and_counted(author: Phone, stranger: Phone) -> None:
    post = published(author)
    path = f"posts/{post['id']}/comments"
    root = commented(stranger, post["id"], "Which side of the deck?")
    reply = commented(author, post["id"], "Port side.", reply_to=root["id"])
    assert reply["reply_to"] == root["id"]

    deeper = stranger.post(path, {"body": "Thanks.", "reply_to": reply["id"]})
    assert (deeper.status, deeper.code) == (400, "reply_too_deep")
    elsewhere = published(author)["id"]
    lost = stranger.post(f"posts/{elsewhere}/comments", {"body": "Hm.", "reply_to": root["id"]})
    assert lost.code == "comment_not_found"

    (listed,) = stranger.get(path).json["items"]
    assert (listed["id"], listed["reply_count"], listed["rev"]) == (root["id"], 1, 1)
    assert stranger.get(f"{path}?reply_to={root['id']}").json["items"] == [reply]
    assert stranger.get(f"{path}?reply_to={uuid.uuid4()}").code == "post_not_found"
    assert stranger.get(f"{path}/{reply['id']}").json == reply
    assert author.get(f"posts/{post['id']}").json["comment_count"] == 2
    told = [item["kind"] for item in stranger.get("notifications").json["items"]]
    assert told == ["comment_replied"]


def test_a_comment_takes_its_replies_along(author: Phone, stranger: Phone) -> None:
    post = published(author)
    path = f"posts/{post['id']}/comments"
    root, other = commented(stranger, post["id"]), commented(stranger, post["id"])
    replies = [commented(author, post["id"], reply_to=root["id"]) for _ in range(3)]

    author.delete(f"{path}/{replies[0]['id']}")
    assert stranger.get(f"{path}/{root['id']}").json["reply_count"] == 2
    stranger.delete(f"{path}/{root['id']}")

    assert [item["id"] for item in author.get(path).json["items"]] == [other["id"]]
    assert author.get(f"{path}/{replies[1]['id']}").code == "comment_not_found"
    assert author.get(f"posts/{post['id']}").json["comment_count"] == 1
    assert not Comment.objects.filter(parent=root["id"]).exclude(body="").exists()


def test_words_are_changed_while_they_are_new(author: Phone, stranger: Phone) -> None:
    post = published(author)
    said = commented(stranger, post["id"], "Lovley.")
    path = f"posts/{post['id']}/comments/{said['id']}"
    tag = stranger.get(path).etag

    assert stranger.patch(path, {"body": "Lovely."}).status == 428
    changed = stranger.patch(path, {"body": "Lovely."}, if_match=tag)
    assert (changed.json["body"], changed.json["rev"]) == ("Lovely.", 2)
    assert changed.etag == stranger.get(path).etag
    assert stranger.patch(path, {"body": "Late."}, if_match=tag).status == 412
    assert author.patch(path, {"body": "Mine."}, if_match="*").code == "comment_not_found"

    Comment.objects.update(created_at=timezone.now() - EDIT_WINDOW)
    late = stranger.patch(path, {"body": "Other."}, if_match="*")
    assert (late.status, late.code) == (409, "edit_window_closed")


def test_a_comment_of_an_own_id_is_made_once(author: Phone, stranger: Phone) -> None:
    post = published(author)
    path = f"posts/{post['id']}/comments"
    own = {"id": str(uuid.uuid4()), "body": "Written in a tunnel."}

    first, again = stranger.post(path, own), stranger.post(path, own)
    assert (first.status, again.status, first.json) == (201, 200, again.json)
    assert author.get(f"posts/{post['id']}").json["comment_count"] == 1
    assert author.post(path, own).code == "id_taken"

    stranger.delete(f"{path}/{own['id']}")
    assert stranger.post(path, own).code == "comment_deleted"
