"""The demo's posts: there is something to read and to sign in for, and what was deleted stays deleted."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.phone import Phone


@pytest.fixture
def seeded(db: None, settings: Any, tmp_path: Path) -> Path:
    settings.LOCAL, settings.LOCAL_STATE = True, tmp_path
    call_command("seed", verbosity=0)
    return tmp_path


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
