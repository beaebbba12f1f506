"""Keys for servers: as much as their scopes, as long as staff let them, and shown once."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import ApiKey
from apps.accounts.services import api_keys, standing
from apps.core import cache
from apps.core.errors import Invalid
from tests.accounts.conftest import DEAD, Clock
from tests.accounts.test_admin import browser_of
from tests.outbox import drain
from tests.phone import Phone

READ, WRITE = "posts:read", "posts:write"
BY = uuid.uuid4()


def issued(author: Phone, *scopes: str) -> tuple[ApiKey, Phone]:
    """Make a key of the author's account, and a server that holds it."""
    key, text = api_keys.issue(
        name="importer",
        user_id=uuid.UUID(author.user_id),
        scopes=scopes or (READ, WRITE),
        expires_at=timezone.now() + timedelta(days=30),
        by=BY,
    )
    return key, Server(text)


class Server(Phone):
    """Shows a key in place of a token, and is no app of any version."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Api-Key {self.text}"}


def revoke(key: ApiKey) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        api_keys.revoke(key_id=key.pk, by=BY)


def test_a_server_acts_as_the_account(author: Phone, stranger: Phone) -> None:
    _, server = issued(author)

    made = server.post("posts", {"title": "Imported", "body": "From elsewhere"})

    assert made.status == 201
    assert made.json["author"]["id"] == author.user_id
    assert [post["id"] for post in server.get("posts").json["items"]] == [made.json["id"]]
    assert stranger.get(f"posts/{made.json['id']}").status == 404


def test_no_further_than_its_scopes(author: Phone) -> None:
    _, reader = issued(author, READ)

    assert reader.get("posts").status == reader.get("feed").status == 200
    body = {"title": "Imported", "body": "From elsewhere"}
    for refused in (
        reader.post("posts", body),
        reader.get("me"),
        reader.delete("me"),
        reader.get("me/sessions"),
        reader.post("auth/logout"),
        reader.get("search?q=anything"),
    ):
        assert (refused.status, refused.code) == (403, "denied")


def test_a_warm_read_costs_what_a_phone_s_costs(
    author: Phone, django_assert_num_queries: Any
) -> None:
    _, server = issued(author)
    server.get("posts")

    with django_assert_num_queries(1):
        server.get("posts")


@pytest.mark.parametrize("redis_is_away", [False, True])
def test_taken_back_is_taken_back(author: Phone, settings: Any, redis_is_away: bool) -> None:
    key, server = issued(author)
    assert server.get("posts").status == 200
    if redis_is_away:
        settings.CACHE_URL = DEAD

    revoke(key)

    answer = server.get("posts")
    assert (answer.status, answer.code) == (401, "key_invalid")


def test_also_when_redis_comes_back_with_what_it_knew(author: Phone, settings: Any) -> None:
    key, server = issued(author)
    server.get("posts")
    alive, settings.CACHE_URL = settings.CACHE_URL, DEAD
    revoke(key)
    settings.CACHE_URL = alive
    cache.breaker.reset()

    drain()

    assert server.get("posts").code == "key_invalid"


def test_it_ends_with_its_account(author: Phone, by_staff: Any) -> None:
    _, server = issued(author)
    assert server.get("posts").status == 200

    by_staff(standing.disable, author)

    assert server.get("posts").code == "key_invalid"


def test_it_expires(author: Phone, clock: Clock) -> None:
    _, server = issued(author)
    assert server.get("posts").status == 200

    clock.forward(days=30)

    assert server.get("posts").code == "key_invalid"


def test_when_it_was_last_used_is_written_now_and_then(author: Phone) -> None:
    key, server = issued(author)
    for _ in range(3):
        server.get("posts")

    used = ApiKey.objects.get(pk=key.pk).last_used_at
    assert used is not None
    server.get("posts")
    assert ApiKey.objects.get(pk=key.pk).last_used_at == used


@pytest.mark.parametrize("text", ["", "x", "0" * 12, f"{'0' * 12}.{'A' * 43}", "a b", "\u00e4"])
def test_junk(text: str, db: None) -> None:
    answer = Server(text).get("posts")

    assert (answer.status, answer.code) == (401, "key_invalid")


def test_the_right_prefix_alone_opens_nothing(author: Phone) -> None:
    key, _ = issued(author)

    assert Server(f"{key.prefix}.{'A' * 43}").get("posts").code == "key_invalid"


def test_nothing_that_is_kept_opens_anything(author: Phone) -> None:
    _, server = issued(author)
    secret = server.text.partition(".")[2]

    with connection.cursor() as cursor:
        cursor.execute("SELECT accounts_apikey::text FROM accounts_apikey")
        (row,) = cursor.fetchone()
    assert secret not in row


def test_a_scope_that_nothing_asks_for(author: Phone) -> None:
    with pytest.raises(Invalid):
        issued(author, "everything")


# In the admin


def test_staff_see_a_key_once_and_take_it_back(author: Phone) -> None:
    browser: Client = browser_of("add_apikey", "view_apikey", "change_apikey", "view_user")
    expiry = timezone.now() + timedelta(days=1)
    page = browser.post(
        reverse("admin:accounts_apikey_add"),
        {
            "name": "importer",
            "user": author.user_id,
            "scopes": [READ],
            "expires_at_0": f"{expiry:%Y-%m-%d}",
            "expires_at_1": f"{expiry:%H:%M:%S}",
        },
    )
    assert "no-store" in page["Cache-Control"]
    (text,) = re.findall(r"[0-9a-f]{12}\.[\w-]{43}", page.content.decode())
    server = Server(text)
    assert server.get("posts").status == 200

    listed = browser.get(reverse("admin:accounts_apikey_changelist"))
    assert text.partition(".")[0] in listed.content.decode()
    assert text.partition(".")[2] not in listed.content.decode()

    row = ApiKey.objects.get()
    with TestCase.captureOnCommitCallbacks(execute=True):
        browser.post(
            reverse("admin:accounts_apikey_changelist"),
            {"action": "revoke", "_selected_action": [str(row.pk)]},
        )
    assert server.get("posts").code == "key_invalid"
