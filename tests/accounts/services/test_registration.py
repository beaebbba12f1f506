"""Becoming somebody: what anybody may claim, and what only the owner of a mailbox can prove."""

import re
import uuid
from dataclasses import replace

import pytest
from django.core import mail

from apps.accounts import keys
from apps.accounts.errors import CodeExpired
from apps.accounts.models import EmailCode, User
from apps.accounts.services import registration
from apps.accounts.signals import email_verified, user_registered
from apps.core.actors import Actor
from tests.accounts.conftest import Clock
from tests.core.threads import in_threads
from tests.outbox import drain, drain_twice, pending
from tests.phone import PASSWORD, Phone


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def code_row(phone: Phone) -> EmailCode:
    return EmailCode.objects.get(user_id=phone.user_id)


def test_registering_signs_the_device_in(phone: Phone) -> None:
    answer = phone.register("Author@Example.test", display_name="Ada", locale="de-AT")

    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert phone.user == {
        "id": phone.user_id,
        "email": "author@example.test",
        "display_name": "Ada",
        "is_guest": False,
        "email_verified": False,
    }
    assert phone.get("me").json["locale"] == "de-AT"


def test_the_code_from_the_mail_proves_the_address(phone: Phone) -> None:
    phone.register("author@example.test")

    answer = phone.verify(phone.code_mailed_to("author@example.test"))

    assert answer.status == 200
    assert answer.json == phone.user | {"email_verified": True}
    user = User.objects.get(pk=phone.user_id)
    assert (user.email, user.claimed_email) == ("author@example.test", None)


def test_news_is_told_once(phone: Phone) -> None:
    heard: list[str] = []

    def on_registered(user: User, **_: object) -> None:
        heard.append(f"registered {user.pk}")

    def on_verified(user: User, **_: object) -> None:
        heard.append(f"verified {user.pk} {user.email}")

    user_registered.connect(on_registered)
    email_verified.connect(on_verified)
    try:
        phone.verified("author@example.test")
    finally:
        user_registered.disconnect(on_registered)
        email_verified.disconnect(on_verified)

    assert heard == [
        f"registered {phone.user_id}",
        f"verified {phone.user_id} author@example.test",
    ]


# Somebody else's address


def test_a_taken_address_answers_like_a_free_one(author: Phone, phone: Phone) -> None:
    free, taken = Phone().register("free@example.test"), phone.register("author@example.test")

    assert taken.status == free.status == 201
    assert taken.json.keys() == free.json.keys()
    assert taken.json["user"].keys() == free.json["user"].keys()
    assert taken.json["user"]["email_verified"] is False
    assert phone.user_id != author.user_id


def test_no_code_is_ever_mailed_to_a_taken_address(author: Phone, phone: Phone) -> None:
    mail.outbox.clear()
    phone.register("author@example.test", display_name="Call 555-1234 now")
    phone.post("auth/verify-email/resend")

    drain()

    assert [message.to for message in mail.outbox] == [["author@example.test"]]
    (told,) = mail.outbox
    assert "already have" in told.subject
    assert not re.search(r"\d{6}", told.body)
    assert "Call 555" not in str(told.message())


def test_a_guessed_code_does_not_take_an_address_away(author: Phone, phone: Phone) -> None:
    phone.register("author@example.test")

    answer = phone.verify(keys.digits_of(code_row(phone).pk))

    assert (answer.status, answer.code) == (409, "address_taken")
    assert User.objects.get(email="author@example.test").pk == uuid.UUID(author.user_id)
    assert phone.get("me").json["email_verified"] is False


def test_two_claims_and_one_proof(phone: Phone) -> None:
    squatter = Phone()
    squatter.register("author@example.test")
    phone.register("author@example.test")
    drain()
    codes = {str(row.user_id): keys.digits_of(row.pk) for row in EmailCode.objects.all()}

    assert phone.verify(codes[phone.user_id]).status == 200

    assert squatter.verify(codes[squatter.user_id]).code == "address_taken"
    assert squatter.post("auth/verify-email/resend").status == 204
    drain()
    assert "already have" in mail.outbox[-1].subject


# Codes


def test_a_code_is_kept_by_nobody(phone: Phone) -> None:
    phone.register("author@example.test")
    (job,) = pending("accounts.send_code_email")
    row = code_row(phone)
    digits = keys.digits_of(row.pk)

    assert job.kwargs == {"code_id": str(row.pk)}
    assert digits not in str(job.kwargs) + str(vars(row))
    assert bytes(row.code_hash) != digits.encode()
    assert phone.code_mailed_to("author@example.test") == digits


def test_a_code_works_once(phone: Phone) -> None:
    phone.register("author@example.test")
    code = phone.code_mailed_to("author@example.test")
    phone.verify(code)

    again = phone.verify(code)

    assert (again.status, again.code) == (409, "already_verified")


def test_a_lost_answer_is_replayed(phone: Phone) -> None:
    phone.register("author@example.test")
    body = {"code": phone.code_mailed_to("author@example.test")}
    first = phone.post("auth/verify-email", body, idempotency_key="one-intent")

    second = phone.post("auth/verify-email", body, idempotency_key="one-intent")

    assert (second.status, second.json) == (first.status, first.json)


@pytest.mark.parametrize("keyed", [False, True])
def test_five_tries(phone: Phone, keyed: bool) -> None:
    phone.register("author@example.test")
    code = phone.code_mailed_to("author@example.test")

    for number in range(5):
        headers = {"idempotency_key": f"try-{number}"} if keyed else {}
        answer = phone.post("auth/verify-email", {"code": wrong(code)}, **headers)
        assert (answer.status, answer.code) == (400, "code_invalid")

    right = phone.verify(code)
    assert (right.status, right.code) == (410, "code_expired")


def test_ten_minutes(clock: Clock, phone: Phone) -> None:
    phone.register("author@example.test")
    code = phone.code_mailed_to("author@example.test")
    phone.refresh()

    clock.forward(minutes=9, seconds=59)
    assert phone.verify(wrong(code)).code == "code_invalid"
    phone.refresh()
    clock.forward(seconds=1)
    assert phone.verify(code).code == "code_expired"


def test_a_code_is_for_one_account(phone: Phone, stranger: Phone) -> None:
    phone.register("author@example.test")
    other = Phone()
    other.register("other@example.test")

    assert other.verify(phone.code_mailed_to("author@example.test")).code == "code_invalid"


def test_another_code_replaces_the_first(phone: Phone) -> None:
    phone.register("author@example.test")
    first = phone.code_mailed_to("author@example.test")

    assert phone.post("auth/verify-email/resend").status == 204

    second = phone.code_mailed_to("author@example.test")
    assert second != first
    assert phone.verify(first).code == "code_invalid"
    assert phone.verify(second).status == 200


def test_there_is_nothing_to_send_again(author: Phone) -> None:
    assert author.post("auth/verify-email/resend").code == "already_verified"


def test_codes_survive_the_rotation_of_the_key(phone: Phone, settings: object) -> None:
    phone.register("author@example.test")
    code = phone.code_mailed_to("author@example.test")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another-secret-key-" * 4  # type: ignore[attr-defined]

    assert phone.verify(code).status == 200


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "١٢٣٤٥٦", None, ""])
def test_what_is_no_code_is_refused_by_form(phone: Phone, code: object) -> None:
    phone.register("author@example.test")

    answer = phone.post("auth/verify-email", {"code": code})

    assert (answer.status, answer.code, answer.pointers) == (400, "invalid", {"/code"})


# Mail


def test_a_mail_is_sent_once_per_intent(phone: Phone) -> None:
    phone.register("author@example.test")

    drain_twice()

    first, second = mail.outbox
    assert first.message()["Message-ID"] == second.message()["Message-ID"]
    assert first.body == second.body


def test_a_replaced_code_is_not_mailed(phone: Phone) -> None:
    phone.register("author@example.test")
    phone.post("auth/verify-email/resend")

    drain()

    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_prove_an_address_once(phone: Phone) -> None:
    phone.register("author@example.test")
    code = keys.digits_of(code_row(phone).pk)
    actor = Actor(uuid.UUID(phone.user_id))
    proofs: list[object] = []

    def on_verified(**_: object) -> None:
        proofs.append(object())

    def verify() -> bool:
        try:
            registration.verify_email(actor=actor, code=code)
        except (CodeExpired, registration.AlreadyVerified):
            return False
        return True

    email_verified.connect(on_verified)
    try:
        outcomes = in_threads(50, verify)
    finally:
        email_verified.disconnect(on_verified)

    assert (outcomes.count(True), len(proofs)) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_wrong_tries_at_once_are_all_counted(phone: Phone, unlimited: None) -> None:
    phone.register("author@example.test")
    code = keys.digits_of(code_row(phone).pk)

    codes = in_threads(12, lambda: replace(phone).verify(wrong(code)).code)

    assert codes.count("code_invalid") == 5
    assert codes.count("code_expired") == 7
    assert code_row(phone).tries_left == 0


# The form


@pytest.mark.parametrize(
    "address",
    [
        *("plain", "a@", "@example.test", "a@b", "a b@example.test", "a@exa mple.test"),
        *(
            "ä@example.test",
            "\u212aelvin@example.test",
            "a@" + "x" * 64 + ".test",
            "a" * 250 + "@b.test",
        ),
        *("a@example.test\nBcc: b@example.test", "a@example.test\u200b", 7, None, ["a@b.test"]),
    ],
)
def test_what_is_no_address(phone: Phone, address: object) -> None:
    answer = phone.post("auth/register", {"email": address, "password": PASSWORD})

    assert (answer.status, answer.pointers) == (400, {"/email"})


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (" Ada@Example.Test ", "ada@example.test"),
        ("ada@BÜCHER.test", "ada@xn--bcher-kva.test"),
        ("ADA+tag@example.test", "ada+tag@example.test"),
    ],
)
def test_an_address_has_one_spelling(phone: Phone, written: str, stored: str) -> None:
    phone.register(written)

    assert phone.user["email"] == stored


@pytest.mark.parametrize(
    "privilege",
    [
        *("is_staff", "is_superuser", "is_active", "is_guest", "email_verified", "claimed_email"),
        *("id", "rev", "created_at", "deleted_at", "groups", "user_permissions", "user", "owner"),
    ],
)
def test_nobody_registers_with_more_than_the_form(phone: Phone, privilege: str) -> None:
    answer = phone.register("author@example.test", **{privilege: True})

    assert (answer.status, answer.pointers) == (400, {f"/{privilege}"})
    assert not User.objects.exists()


def test_the_device_is_optional(phone: Phone) -> None:
    body = {"email": "author@example.test", "password": PASSWORD}

    assert phone.keep(phone.post("auth/register", body).json).get("me").status == 200
