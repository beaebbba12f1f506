"""Staff's second step: a password alone opens nothing, the first sign-in enrols, and codes can't be guessed at."""

import re
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from tests.core.policy import refused_by_policy

PASSWORD = "correct horse battery staple"
STEP = "/admin/second-step/"


@pytest.fixture(autouse=True)
def asked(settings: Any) -> None:
    settings.STAFF_SECOND_STEP = True


@pytest.fixture
def keeper(db: None) -> User:
    return User.objects.create_superuser(email="keeper@example.test", password=PASSWORD)


def browser() -> Client:
    """Signed in with the password, as far as that goes."""
    client = Client()
    form = {"username": "keeper@example.test", "password": PASSWORD}
    assert client.post("/admin/login/?next=/admin/core/job/", form).status_code == 302
    return client


def secret_on(page: Any) -> str:
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page.content.decode())
    assert found
    return found[1]


def enrolled(client: Client) -> tuple[pyotp.TOTP, list[str]]:
    app = pyotp.TOTP(secret_on(client.get(STEP)))
    done = client.post(STEP, {"secret": app.secret, "code": code_of(app)})
    return app, re.findall(r"<code>([2-9a-z]{5}-[2-9a-z]{5})</code>", done.content.decode())


def code_of(app: pyotp.TOTP) -> str:
    return app.at(int(timezone.now().timestamp()))


def test_a_password_alone_opens_nothing(keeper: User) -> None:
    client = browser()

    for page in ("/admin/", "/admin/accounts/user/", "/admin/core/job/"):
        answer = client.get(page, follow=True)
        assert answer.redirect_chain[-1][0].startswith(STEP), page
    assert client.post("/admin/accounts/user/", {"action": "disable"}).status_code == 302
    assert Client().get(STEP).headers["Location"] == "/admin/login/"


def test_the_first_sign_in_enrols_and_shows_recovery_codes_once(keeper: User) -> None:
    client = browser()
    page = client.get(STEP)
    assert refused_by_policy(page) == []
    assert "nonce" not in re.sub(r"<[^>]+>", "", page.content.decode())
    app = pyotp.TOTP(secret_on(page))
    before = client.cookies["sessionid"].value

    wrong = client.post(STEP, {"secret": app.secret, "code": "000000"})
    assert "not right" in wrong.content.decode()
    assert secret_on(wrong) == app.secret
    done = client.post(STEP, {"secret": app.secret, "code": code_of(app)})

    assert len(re.findall(r"<li><code>", done.content.decode())) == 10
    assert refused_by_policy(done) == []
    assert client.cookies["sessionid"].value != before
    assert client.get("/admin/").status_code == 200
    assert client.get(STEP).headers["Location"] == "/admin/"


def test_from_then_on_a_code_is_asked_and_good_once(keeper: User) -> None:
    app, _ = enrolled(browser())
    client, thief = browser(), browser()

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        code = code_of(app)
        passed = client.post(f"{STEP}?next=/admin/core/job/", {"code": code})
        replayed = thief.post(STEP, {"code": code})

    assert passed.headers["Location"] == "/admin/core/job/"
    assert client.get("/admin/core/job/").status_code == 200
    assert "not right" in replayed.content.decode()
    assert thief.get("/admin/").status_code == 302


def test_a_recovery_code_opens_once(keeper: User) -> None:
    _, codes = enrolled(browser())
    client, again = browser(), browser()

    assert client.post(STEP, {"code": codes[0]}).status_code == 302
    assert again.post(STEP, {"code": codes[0]}).status_code == 200
    assert client.get("/admin/").status_code == 200


def test_codes_can_not_be_guessed_at(keeper: User) -> None:
    enrolled(browser())
    client = browser()

    answers = [client.post(STEP, {"code": f"{number:06}"}).status_code for number in range(8)]
    locked = client.post(STEP, {"code": "000009"})

    assert answers == [200] * 7 + [429]
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0


def test_nobody_is_sent_elsewhere(keeper: User) -> None:
    app, _ = enrolled(browser())

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        answer = browser().post(f"{STEP}?next=https://evil.test/", {"code": code_of(app)})

    assert answer.headers["Location"] == "/admin/"


def test_whoever_deleted_their_account_is_out(keeper: User) -> None:
    client = browser()
    enrolled(client)
    assert client.get("/admin/").status_code == 200

    User.objects.update(deleted_at=timezone.now())

    assert client.get("/admin/").status_code == 302


def test_the_cookie_is_short_lived_and_stays_home() -> None:
    assert configured.SESSION_COOKIE_AGE == 30 * 60
    assert configured.SESSION_SAVE_EVERY_REQUEST
    assert configured.SESSION_COOKIE_SAMESITE == "Strict"
    assert configured.SESSION_COOKIE_HTTPONLY
