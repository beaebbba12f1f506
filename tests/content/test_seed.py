"""The demo's posts: there is something to read and to sign in for, and what was deleted stays deleted."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from apps.content import storage
from apps.content.media import processing
from apps.content.models import Media
from tests.outbox import pending
from tests.phone import Phone


@pytest.fixture
def seeded(db: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.LOCAL, settings.LOCAL_STATE = True, tmp_path
    settings.MEDIA_FOLDER = tmp_path / "media"
    storage.store.cache_clear()
    call_command("seed", verbosity=0)
    yield tmp_path
    storage.store.cache_clear()


@pytest.fixture
def ada(seeded: Path) -> Phone:
    people = json.loads((seeded / "demo.json").read_text())
    described = next(person for person in people if person["label"] == "Ada")
    phone = Phone()
    assert phone.login(described["email"], described["password"]).status == 200
    return phone


def test_what_it_makes_can_be_read(seeded: Path) -> None:
    phone = Phone()

    feed = phone.get("feed?limit=100").json["items"]

    assert len(feed) > 30
    assert len({post["author"]["display_name"] for post in feed}) >= 5
    moments = [post["published_at"] for post in feed]
    assert moments == sorted(set(moments), reverse=True)
    talked_about = next(post for post in feed if post["comment_count"])
    comments = phone.get(f"posts/{talked_about['id']}/comments").json["items"]
    replies = sum(comment["reply_count"] for comment in comments)
    assert len(comments) + replies == talked_about["comment_count"]
    assert replies
    assert sum(post["reaction_count"] for post in feed) > len(feed)


def test_the_people_it_makes_have_posts_and_mail(ada: Phone) -> None:
    own = ada.get("posts").json["items"]

    assert {post["status"] for post in own} == {"published", "draft", "archived", "scheduled"}
    assert {post["visibility"] for post in own} == {"public", "unlisted"}
    assert ada.get("notifications").json["items"]


def test_what_was_deleted_stays_deleted(ada: Phone) -> None:
    post = ada.get("posts?limit=1").json["items"][0]
    ada.delete(f"posts/{post['id']}", if_match="*")

    call_command("seed", verbosity=0)

    assert ada.get(f"posts/{post['id']}").status == 404


def test_pictures_are_painted_once_and_made_ready_by_the_worker(seeded: Path) -> None:
    waiting = {job.kwargs["media_id"] for job in pending("content.process_media")}
    covers = Media.objects.filter(state="processing")
    assert {str(media.pk) for media in covers} == waiting
    assert len(waiting) > 15

    call_command("seed", verbosity=0)
    assert len(pending("content.process_media")) == Media.objects.count() == len(waiting)

    post = next(post for post in Phone().get("feed").json["items"] if post["cover"])
    assert (post["cover"]["state"], post["cover"]["small"]) == ("processing", None)
    processing.process(post["cover"]["id"])
    ready = Phone().get(f"posts/{post['id']}").json["cover"]
    assert (ready["state"], ready["width"]) == ("ready", 720)
