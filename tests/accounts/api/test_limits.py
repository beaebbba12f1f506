"""Guessing and mailing: bounded per target, wherever the requests come from."""

import uuid
from collections import Counter
from typing import Any

import pytest
from django.core import mail

from apps.core import cache
from tests.accounts.conftest import DEAD
from tests.outbox import drain, pending
from tests.phone import PASSWORD, Phone

WRONG = "not the right password"
_ASKED = 300


@pytest.fixture(autouse=True)
def _many_callers(unlimited: None) -> None:
    """Whoever guesses in earnest has many addresses and devices."""


def guess(address: str, number: int) -> int:
    return Phone(installation_id=f"bot-{number}").login(address, WRONG).status


def test_ten_guesses_at_an_address(author: Phone) -> None:
    statuses = [guess(author.email, number) for number in range(12)]

    assert statuses == [401] * 10 + [429] * 2


def test_an_unknown_address_has_as_many(db: None) -> None:
    statuses = [guess("nobody@example.test", number) for number in range(12)]

    assert statuses == [401] * 10 + [429] * 2


def test_addresses_are_counted_apart(author: Phone, stranger: Phone) -> None:
    for number in range(11):
        guess(author.email, number)

    assert Phone().login(stranger.email).status == 200


def test_spelling_is_no_way_around(author: Phone) -> None:
    spellings = ["author@example.test", "AUTHOR@example.test", " Author@EXAMPLE.test "]
    statuses = [guess(spellings[number % 3], number) for number in range(11)]

    assert statuses[-1] == 429


def test_the_owner_s_device_is_not_locked_out(author: Phone) -> None:
    for number in range(11):
        guess(author.email, number)

    assert Phone().login(author.email).status == 429
    assert author.login().status == 200


def test_a_known_device_has_its_own_ten(author: Phone) -> None:
    for number in range(10):
        guess(author.email, number)

    statuses = [author.login(password=WRONG).status for _ in range(11)]

    assert statuses == [401] * 10 + [429]


def test_a_refusal_says_when_to_return(author: Phone) -> None:
    for number in range(10):
        guess(author.email, number)

    answer = Phone().login(author.email, WRONG)

    assert (answer.status, answer.code) == (429, "rate_limited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 140


def test_four_mails_to_an_address(phone: Phone) -> None:
    phone.register("author@example.test")
    sent = [phone.post("auth/verify-email/resend").status for _ in range(4)]
    squatters = [Phone().register("author@example.test").status for _ in range(2)]

    assert sent == [204, 204, 204, 429]
    assert squatters == [429, 429]
    assert len(pending("accounts.send_code_email")) == 4


@pytest.mark.parametrize("door", ["auth/register", "auth/password/forgot", "auth/login/code"])
def test_everybody_together_causes_so_many_mails_a_day(db: None, settings: Any, door: str) -> None:
    """Each request about another address, from another network and by another device (RL-06)."""
    settings.DAILY_LIMITS = settings.DAILY_LIMITS | {"code-mail": 20}
    settings.TRUSTED_PROXIES = 1
    statuses: Counter[int] = Counter()
    for number in range(_ASKED):
        told = {"email": f"someone-{number}@example.test"}
        told |= {"password": PASSWORD} if door == "auth/register" else {}
        caller = {"x_forwarded_for": f"198.51.{number // 250}.{number % 250}"}
        statuses[Phone(installation_id=f"bot-{number}").post(door, told, **caller).status] += 1

    drain()
    sent = len(pending("accounts.send_code_email")) + len(mail.outbox)
    assert statuses.pop(429) == _ASKED - 20
    assert statuses.total() == 20
    assert sent <= 20
    assert sent == 20 or door != "auth/register"


def test_everybody_together_has_so_many_exports_a_day(
    author: Phone, stranger: Phone, settings: Any
) -> None:
    settings.DAILY_LIMITS = settings.DAILY_LIMITS | {"export": 1}

    assert author.post("me/export").status == 202
    assert stranger.post("me/export").status == 429


def test_looking_for_a_password_costs_no_mail(phone: Phone) -> None:
    phone.password = "too short"
    assert [phone.register("author@example.test").status for _ in range(6)] == [400] * 6

    phone.password = PASSWORD
    assert phone.register("author@example.test").status == 201


def test_new_codes_do_not_buy_new_guesses_for_ever(phone: Phone) -> None:
    phone.register("author@example.test")
    statuses = [phone.verify("000000").status for _ in range(21)]

    assert statuses[-1] == 429
    assert 429 not in statuses[:20]


def test_no_key_in_redis_holds_an_address(author: Phone, phone: Phone) -> None:
    phone.login("secret.person@example.test", WRONG)
    phone.register("secret.person@example.test")

    keys = " ".join(cache.call(lambda server: server.keys("*")))
    assert "login" in keys
    assert "code-mail" in keys
    assert "person" not in keys


def test_guessing_stays_closed_while_redis_is_away(author: Phone, settings: Any) -> None:
    settings.CACHE_URL = DEAD

    statuses = [guess(author.email, number) for number in range(12)]

    assert statuses == [401] * 10 + [429] * 2


def test_a_guessed_installation_is_no_way_in(author: Phone, stranger: Phone) -> None:
    for number in range(11):
        guess(author.email, number)

    for installation in ("", "ios", str(uuid.uuid4()), stranger.installation_id):
        body = {"email": author.email, "password": PASSWORD}
        answer = Phone(installation_id=installation).post("auth/login", body)
        assert answer.status == 429


def test_a_thousand_guesses_from_fifty_networks_are_ten(author: Phone, settings: Any) -> None:
    """At one account, each by another device (AU-05)."""
    settings.TRUSTED_PROXIES = 1
    statuses: Counter[int] = Counter()
    for number in range(1_000):
        body = {"email": author.email, "password": WRONG}
        bot = Phone(installation_id=f"bot-{number}")
        statuses[
            bot.post("auth/login", body, x_forwarded_for=f"198.51.100.{number % 50}").status
        ] += 1

    assert statuses == {401: 10, 429: 990}


@pytest.mark.parametrize(
    "door", ["auth/login", "auth/register", "auth/password/forgot", "auth/login/code"]
)
def test_one_network_knocks_only_so_often(db: None, settings: Any, door: str) -> None:
    """At ever other accounts, by ever other devices: what they say of themselves buys nothing."""
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"door": (20, 900)}
    statuses = []
    for number in range(22):
        told = {"email": f"someone-{number}@example.test"}
        if door in {"auth/login", "auth/register"}:
            told["password"] = PASSWORD
        statuses.append(Phone(installation_id=f"bot-{number}").post(door, told).status)

    assert 429 not in statuses[:20]
    assert statuses[20:] == [429, 429]
    sent = len(pending("accounts.send_code_email"))
    assert sent == (0 if door == "auth/login" else 20)
