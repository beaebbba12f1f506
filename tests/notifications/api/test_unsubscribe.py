"""The link in a mail: a POST stops one category, a look changes nothing, and nobody needs to sign in (RFC 8058)."""

import uuid
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.notifications import keys
from apps.notifications.models import Preference
from tests.phone import Phone

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def path_of(phone: Phone, category: str = "social") -> str:
    link = keys.unsubscribe_link(uuid.UUID(phone.user_id), category)
    return link.removeprefix(product.PUBLIC_URL)


def browser() -> Client:
    """Keeps no promise that Django would have to trust: CSRF is checked as for anybody."""
    return Client(enforce_csrf_checks=True)


def mail_of(phone: Phone) -> bool:
    (social,) = [
        one
        for one in phone.get("notifications/preferences").json["categories"]
        if one["category"] == "social"
    ]
    return bool(social["email"])


def with_mail(phone: Phone) -> Phone:
    on = {"categories": [{"category": "social", "email": True, "push": False}]}
    assert phone.patch("notifications/preferences", on).status == 200
    return phone


def test_one_click_stops_mail_and_nothing_else(author: Phone) -> None:
    with_mail(author)

    answer = browser().post(path_of(author), ONE_CLICK)

    assert answer.status_code == 200
    assert "Unsubscribed" in answer.content.decode()
    assert answer.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert not answer.cookies
    assert not mail_of(author)
    assert Preference.objects.get().choices["social"] == {"email": False, "push": False}


def test_looking_changes_nothing(author: Phone) -> None:
    with_mail(author)

    for method in ("get", "head"):
        answer = getattr(browser(), method)(path_of(author))
        assert answer.status_code == 200
        assert not answer.cookies

    page = browser().get(path_of(author)).content.decode()
    assert '<form method="post">' in page
    assert mail_of(author)


def test_again_and_for_somebody_who_never_chose(author: Phone) -> None:
    for _ in range(2):
        assert browser().post(path_of(author), ONE_CLICK).status_code == 200

    assert not mail_of(author)


def test_in_the_language_of_the_browser(author: Phone) -> None:
    page = browser().get(path_of(author), headers={"Accept-Language": "de-AT,de"})

    assert "Abbestellen</button>" in page.content.decode()
    assert '<html lang="de">' in page.content.decode()


@pytest.mark.parametrize("how", ["cut", "altered", "foreign", "gossip", "empty", "junk"])
def test_a_link_that_is_not_ours_is_a_clear_page(author: Phone, how: str) -> None:
    token = path_of(with_mail(author)).rpartition("/")[2]
    bad = {
        "cut": token[:-2],
        "altered": ("B" if token[0] == "A" else "A") + token[1:],
        "foreign": keys.unsubscribe_token(uuid.uuid4(), "social")[:22] + token[22:],
        "gossip": keys.unsubscribe_token(uuid.UUID(author.user_id), "gossip"),
        "empty": keys.unsubscribe_token(uuid.UUID(author.user_id), ""),
        "junk": "%FF~é",
    }[how]

    for method in ("get", "post"):
        answer = getattr(browser(), method)(f"/unsubscribe/{bad}")
        assert answer.status_code in {400, 404}
        if how != "junk":
            assert "This link is not valid" in answer.content.decode()

    assert mail_of(author)


def test_a_link_outlives_a_rotation_of_the_key(author: Phone, settings: Any) -> None:
    path = path_of(with_mail(author))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-" * 4

    assert browser().post(path, ONE_CLICK).status_code == 200

    assert not mail_of(author)


def test_nothing_comes_back_of_who_was_erased(author: Phone) -> None:
    path = path_of(author)
    gone = {"email": None, "display_name": ""}
    now = timezone.now()
    User.objects.filter(pk=author.user_id).update(deleted_at=now, erased_at=now, **gone)

    assert browser().post(path, ONE_CLICK).status_code == 200

    assert not Preference.objects.exists()


def test_no_other_method(author: Phone) -> None:
    assert browser().delete(path_of(author)).status_code == 405
