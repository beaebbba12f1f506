"""The answer was lost, so the phone asks again: by key, by its own id, and after something has changed in between."""

import uuid

from apps.content.models import Comment, Post
from tests.content.desk import WORDS, commented, drafted, published
from tests.phone import Phone


def test_the_same_key_is_the_same_post(author: Phone) -> None:
    first = author.post("posts", WORDS, idempotency_key="tunnel")
    again = author.post("posts", WORDS, idempotency_key="tunnel")

    assert (first.status, again.status) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.content == first.content
    assert again.etag == first.etag
    assert Post.objects.count() == 1


def test_the_same_key_for_other_words_is_refused(author: Phone) -> None:
    author.post("posts", WORDS, idempotency_key="tunnel")

    other = author.post("posts", WORDS | {"title": "Other"}, idempotency_key="tunnel")

    assert (other.status, other.code) == (422, "idempotency_key_reused")


def test_a_repeated_own_id_answers_the_post_as_it_is_now(author: Phone) -> None:
    own_id = str(uuid.uuid4())
    assert drafted(author, id=own_id)["id"] == own_id
    author.patch(f"posts/{own_id}", {"title": "Changed since"}, if_match="*")

    again = author.post("posts", WORDS | {"id": own_id})

    assert (again.status, again.json["title"]) == (200, "Changed since")
    assert again.etag == author.get(f"posts/{own_id}").etag
    assert Post.objects.count() == 1


def test_ids_of_any_version_are_taken(author: Phone) -> None:
    for chosen in (uuid.uuid1(), uuid.uuid4(), uuid.uuid5(uuid.NAMESPACE_URL, "x")):
        assert drafted(author, id=str(chosen))["id"] == str(chosen)


def test_an_id_of_somebody_else_is_taken(author: Phone, stranger: Phone) -> None:
    post = drafted(author)

    answer = stranger.post("posts", WORDS | {"id": post["id"]})

    assert (answer.status, answer.code) == (409, "id_taken")
    assert author.get(f"posts/{post['id']}").json == post


def test_what_was_deleted_meanwhile_does_not_come_back(author: Phone) -> None:
    post = drafted(author)
    author.delete(f"posts/{post['id']}", if_match="*")

    answer = author.post("posts", WORDS | {"id": post["id"]})

    assert (answer.status, answer.code) == (410, "post_deleted")


def test_a_comment_is_made_once(author: Phone, stranger: Phone) -> None:
    post = published(author)
    comments = f"posts/{post['id']}/comments"

    first = stranger.post(comments, {"body": "Lovely."}, idempotency_key="tunnel")
    again = stranger.post(comments, {"body": "Lovely."}, idempotency_key="tunnel")

    assert (again.status, again.content) == (201, first.content)
    assert Comment.objects.count() == 1
    assert Post.objects.get(pk=post["id"]).comment_count == 1
    assert len(author.get("notifications").json["items"]) == 1


def test_a_stored_answer_does_not_outlive_the_right_to_it(author: Phone, stranger: Phone) -> None:
    post = published(author)
    comments = f"posts/{post['id']}/comments"
    stranger.post(comments, {"body": "Lovely."}, idempotency_key="tunnel")
    author.post(f"posts/{post['id']}/archive", idempotency_key="bridge")

    again = stranger.post(comments, {"body": "Lovely."}, idempotency_key="tunnel")
    assert (again.status, again.code) == (404, "post_not_found")

    author.delete(f"posts/{post['id']}", if_match="*")
    gone = author.post(f"posts/{post['id']}/archive", idempotency_key="bridge")
    assert (gone.status, gone.code) == (404, "post_not_found")


def test_publishing_under_a_key_is_answered_once_made(author: Phone) -> None:
    draft = drafted(author)
    first = author.post(f"posts/{draft['id']}/publish", idempotency_key="tunnel")
    author.patch(f"posts/{draft['id']}", {"title": "Changed since"}, if_match="*")

    again = author.post(f"posts/{draft['id']}/publish", idempotency_key="tunnel")

    assert again.content == first.content


def test_a_key_belongs_to_its_account(author: Phone, stranger: Phone) -> None:
    post = published(author)
    commented(author, post["id"])

    for phone in (author, stranger):
        answer = phone.post(
            f"posts/{post['id']}/comments", {"body": "Same."}, idempotency_key="tunnel"
        )
        assert answer.status == 201
        assert "Idempotency-Replayed" not in answer.headers
    assert Comment.objects.filter(body="Same.").count() == 2
