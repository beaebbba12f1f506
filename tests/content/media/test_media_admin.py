"""Staff look at pictures: what is public is shown, what was refused says why, and what is taken down leaves nothing."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.content.models import Media, Post
from apps.core.models import AuditEvent
from tests.content.desk import published
from tests.content.media.camera import ready, uploaded
from tests.outbox import drain
from tests.phone import Phone

MEDIA = reverse("admin:content_media_changelist")

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.test", "x"))
    return client


def page(desk: Client, address: str = MEDIA) -> str:
    response = desk.get(address)
    assert response.status_code == 200, response
    return response.content.decode()


def take_down(desk: Client, media_id: str) -> Any:
    form = {"action": "take_down", "_selected_action": media_id}
    return desk.post(MEDIA, form, follow=True)


def test_pictures_are_looked_through(desk: Client, author: Phone, settings: Any) -> None:
    shown = ready(author, visibility="public")
    hidden = ready(author)
    broken = uploaded(author, b"no picture at all")
    drain()
    waiting = uploaded(author, b"not looked at yet")

    listed = desk.get(MEDIA)
    text = listed.content.decode()
    small = next(file["url"] for file in shown["files"] if file["name"] == "small.webp")
    assert text.count('<img class="preview"') == 1
    assert f'src="{small}"' in text
    assert hidden["files"][0]["url"].partition("?")[0] not in text
    assert "refused: " in text
    assert "in quarantine: processing" in text
    assert settings.MEDIA_ORIGIN in listed.headers["Content-Security-Policy"]
    elsewhere = desk.get(reverse("admin:content_post_changelist"))
    assert settings.MEDIA_ORIGIN not in elsewhere.headers["Content-Security-Policy"]
    assert waiting in page(desk, f"{MEDIA}?q=author@example.test&state__exact=processing")
    assert "0 media" in page(desk, f"{MEDIA}?q={broken}&state__exact=ready")


def test_a_picture_is_taken_down_and_that_is_written_down(
    desk: Client, author: Phone, folder: Path
) -> None:
    media, post = ready(author, visibility="public"), published(author)
    Post.objects.filter(pk=post["id"]).update(cover=media["id"])
    address = reverse("admin:content_media_change", args=[media["id"]])
    assert post["title"] in page(desk, address)
    assert desk.post(address, {"state": "refused"}).status_code == 403

    assert "1 taken down." in take_down(desk, media["id"]).content.decode()
    drain()

    assert author.get(f"posts/{post['id']}").json["cover"] is None
    assert author.get(f"media/{media['id']}").status == 404
    assert not list(folder.glob("public/*/*/*"))
    events = {(event.model, event.action): event for event in AuditEvent.objects.all()}
    gone = events["content.media", "delete"]
    assert gone.object_id == media["id"]
    assert media["files"][0]["url"].split("/")[-2] not in str(gone.before)
    assert ("content.post", "update") in events
    assert "0 taken down." in take_down(desk, media["id"]).content.decode()


def test_looking_is_no_licence_to_take_down(author: Phone) -> None:
    support = User.objects.create(email="support@example.test", is_staff=True)
    support.user_permissions.add(Permission.objects.get(codename="view_media"))
    client = Client()
    client.force_login(support)
    media = ready(author)

    assert media["id"] in page(client)
    take_down(client, media["id"])

    assert Media.objects.filter(pk=media["id"]).exists()


def test_a_longer_list_costs_no_more(desk: Client, author: Phone, statements: list[str]) -> None:
    def cost() -> int:
        statements.clear()
        page(desk)
        return len(statements)

    ready(author, visibility="public")
    cost()
    few = cost()
    for _ in range(3):
        ready(author, visibility="public")

    assert cost() == few
