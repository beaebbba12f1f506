"""Staff at work: they find a post, read it, take it down; and they edit nobody's words."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.content.models import Comment, Post
from apps.core.models import AuditEvent
from tests.content.desk import commented, drafted, published
from tests.phone import Phone

POSTS = reverse("admin:content_post_changelist")
COMMENTS = reverse("admin:content_comment_changelist")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff@example.test", "x", display_name="Staff")


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


def page(desk: Client, address: str) -> str:
    response = desk.get(address)
    assert response.status_code == 200, response
    return response.content.decode()


def take_down(desk: Client, address: str, row_id: str) -> Any:
    form = {"action": "take_down", "_selected_action": row_id}
    return desk.post(address, form, follow=True)


def test_posts_are_found_by_id_and_by_address(desk: Client, author: Phone, stranger: Phone) -> None:
    mine, theirs = published(author, title="Mine"), published(stranger, title="Theirs")

    for query, shown, hidden in (
        (mine["id"], "Mine", "Theirs"),
        ("stranger@example.test", "Theirs", "Mine"),
    ):
        found = page(desk, f"{POSTS}?q={query}")
        assert shown in found
        assert hidden not in found
    assert "Mine" in page(desk, f"{POSTS}?status__exact=published&visibility__exact=public")
    assert "0 posts" in page(desk, f"{POSTS}?q=nonsense")
    assert theirs["title"] in page(desk, POSTS)


def test_what_was_said_is_read_and_not_edited(desk: Client, author: Phone) -> None:
    comment = commented(author, published(author)["id"])

    address = reverse("admin:content_comment_change", args=[comment["id"]])
    assert comment["body"] in page(desk, address)
    assert desk.post(address, {"body": "Edited."}).status_code == 403
    assert desk.get(reverse("admin:content_comment_add")).status_code == 403
    gone = desk.post(reverse("admin:content_comment_delete", args=[comment["id"]]))
    assert gone.status_code == 403


def words(**other: str) -> dict[str, str]:
    form = {"title": "Harbour lights", "summary": "", "body": "Lamps.", "visibility": "public"}
    return form | {"language": "en", "tags": "harbour, Night"} | other


def test_a_post_is_put_right_and_that_is_written_down(desk: Client, author: Phone) -> None:
    post = published(author)
    address = reverse("admin:content_post_change", args=[post["id"]])
    shown = page(desk, address)
    assert post["body"] in shown
    assert '<select name="author"' not in shown

    assert desk.post(address, words(title="Harbor lights")).status_code == 302

    seen = author.get(f"posts/{post['id']}").json
    assert (seen["title"], seen["tags"]) == ("Harbor lights", ["harbour", "night"])
    assert (seen["rev"], seen["author"]) == (post["rev"] + 1, post["author"])
    (event,) = AuditEvent.objects.all()
    assert (event.object_id, "Harbor" in str(event.after)) == (post["id"], False)
    delete = reverse("admin:content_post_delete", args=[post["id"]])
    assert desk.post(delete).status_code == 403


def test_a_draft_is_written_for_somebody(desk: Client, author: Phone) -> None:
    address = reverse("admin:content_post_add")
    # One page of choices is asked for while somebody types; no list of everybody.
    assert "admin-autocomplete" in page(desk, address)

    assert desk.post(address, words(author=author.user_id)).status_code == 302

    (draft,) = author.get("posts").json["items"]
    assert (draft["status"], draft["tags"]) == ("draft", ["harbour", "night"])


def test_a_post_is_taken_down_as_its_author_would(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    post = published(author)

    assert "1 taken down." in take_down(desk, POSTS, post["id"]).content.decode()

    assert stranger.get(f"posts/{post['id']}").code == "post_not_found"
    assert author.get(f"posts/{post['id']}").code == "post_not_found"
    assert Post.objects.get(pk=post["id"]).body == ""
    assert {event.object_id for event in AuditEvent.objects.all()} == {post["id"]}
    assert "0 taken down." in take_down(desk, POSTS, post["id"]).content.decode()


def test_a_comment_is_taken_down_and_counted_off(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    post = published(author)
    rude, kept = commented(stranger, post["id"], "Rude."), commented(stranger, post["id"])

    for _ in range(2):
        take_down(desk, COMMENTS, rude["id"])

    seen = author.get(f"posts/{post['id']}/comments").json["items"]
    assert [item["id"] for item in seen] == [kept["id"]]
    assert author.get(f"posts/{post['id']}").json["comment_count"] == 1
    assert Comment.objects.get(pk=rude["id"]).body == ""


def test_reading_is_no_licence_to_take_down(author: Phone) -> None:
    support = User.objects.create(email="support@example.test", is_staff=True)
    support.user_permissions.add(Permission.objects.get(codename="view_post"))
    post = published(author)
    client = Client()
    client.force_login(support)

    assert post["title"] in page(client, POSTS)
    take_down(client, POSTS, post["id"])

    assert author.get(f"posts/{post['id']}").status == 200


@pytest.mark.parametrize("address", [POSTS, COMMENTS])
def test_a_longer_list_costs_no_more(
    desk: Client, author: Phone, stranger: Phone, statements: list[str], address: str
) -> None:
    def cost() -> int:
        statements.clear()
        page(desk, address)
        return len(statements)

    commented(author, published(author)["id"])
    cost()
    few = cost()
    for phone in (author, stranger):
        drafted(phone)
        post = published(phone)
        for _ in range(5):
            commented(phone, post["id"])

    assert cost() == few
