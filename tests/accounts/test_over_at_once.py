"""Whatever ends a sign-in ends it at once: for both kinds of token, with Redis and without (AU-09)."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import TestCase
from django.urls import reverse

from apps.accounts.services import standing
from tests.accounts.conftest import DEAD
from tests.accounts.test_admin import browser_of
from tests.phone import Phone

NEW = "another horse battery staple"


def as_staff(act: Callable[..., None], person: Phone) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        act(user_id=uuid.UUID(person.user_id), by=uuid.uuid4())


def logout(author: Phone, tablet: Phone) -> None:
    assert tablet.post("auth/logout").status == 204


def password_change(author: Phone, tablet: Phone) -> None:
    body = {"current_password": author.password, "password": NEW}
    assert author.post("me/password", body).status == 204


def password_reset(author: Phone, tablet: Phone) -> None:
    author.post("auth/password/forgot", {"email": author.email})
    code = author.code_mailed_to(author.email)
    body = {"email": author.email, "code": code, "password": NEW}
    assert author.post("auth/password/reset", body).status == 204


def deactivation(author: Phone, tablet: Phone) -> None:
    as_staff(standing.disable, author)


def deletion(author: Phone, tablet: Phone) -> None:
    assert author.delete("me").status in {200, 202, 204}


def role_change(author: Phone, tablet: Phone) -> None:
    page = reverse("admin:accounts_user_change", args=[author.user_id])
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = browser_of(is_superuser=True).post(page, {"is_staff": "on"})
    assert answer.status_code == 302


def ended_elsewhere(author: Phone, tablet: Phone) -> None:
    assert author.delete("me/sessions").status == 204


@pytest.mark.parametrize("redis_is_away", [False, True], ids=["redis", "no redis"])
@pytest.mark.parametrize(
    "event",
    [
        logout,
        password_change,
        password_reset,
        deactivation,
        deletion,
        role_change,
        ended_elsewhere,
    ],
)
def test_at_once(
    author: Phone,
    unlimited: None,
    settings: Any,
    event: Callable[[Phone, Phone], None],
    redis_is_away: bool,
) -> None:
    tablet = Phone()
    tablet.login(author.email)
    assert tablet.get("me").status == 200
    if redis_is_away:
        settings.CACHE_URL = DEAD
        assert tablet.get("me").status == 200

    event(author, tablet)

    for refused in (tablet.get("me"), tablet.refresh()):
        assert (refused.status, refused.code) == (401, "session_revoked")
