"""What the tables themselves refuse."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import SUPERSEDE_WINDOW, EmailCode, Session, User
from tests.phone import Phone


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "Ada@example.test"},
        {"claimed_email": "Ada@example.test"},
        {"is_guest": True, "email": "ada@example.test"},
        {"is_guest": True, "claimed_email": "ada@example.test"},
        {"email": "author@example.test"},
    ],
    ids=", ".join,
)
def test_people(author: Phone, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(**fields)


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"revoked_reason": Session.End.SIGNED_OUT},
        {"idle_expires_at": timezone.now() + timedelta(days=91)},
    ],
    ids=", ".join,
)
def test_sessions(author: Phone, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.update(**change)


def test_one_session_per_installation(author: Phone) -> None:
    twin = Session.objects.get(user_id=author.user_id)
    twin._state.adding = True
    twin.pk = None
    twin.id = uuid.uuid4()

    with pytest.raises(IntegrityError, match="session_one_per_installation"), transaction.atomic():
        twin.save(force_insert=True)


def test_one_open_code(phone: Phone) -> None:
    phone.register("author@example.test")
    code = EmailCode.objects.get()
    code.id = uuid.uuid4()

    with pytest.raises(IntegrityError, match="email_code_one_open"), transaction.atomic():
        code.save(force_insert=True)


def test_staff_sign_in_whatever_the_case_of_their_address(db: None) -> None:
    made = User.objects.create_superuser(
        " Keeper@Example.test ", "a long password", display_name="K"
    )

    assert made.email == "keeper@example.test"
    assert User.objects.get_by_natural_key("KEEPER@example.test") == made
    assert made.check_password("a long password")
    assert (made.is_staff, made.is_superuser) == (True, True)


def test_a_device_is_called_by_its_model_else_by_its_platform() -> None:
    assert Session(device_model="iPhone17,1", platform="ios").name == "iPhone17,1"
    assert Session(platform="ios").name == "ios"
    assert str(Session()).startswith("device ")
    assert str(Session(platform="ios")).startswith("ios ")


def test_supersedes_are_counted_anew_when_their_window_is_over() -> None:
    now = timezone.now()
    session = Session(
        leaf_hash=b"1", supersedes_since=now - SUPERSEDE_WINDOW, supersedes_lately=9, rotated_at=now,
        absolute_expires_at=now + timedelta(days=9),
    )  # fmt: skip

    session.replace_leaf(now, leaf_hash=b"2", attempt_hash=None)

    assert (session.supersedes_since, session.supersedes_lately) == (now, 1)
