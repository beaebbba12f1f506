"""Addresses: how one is proven, and how a person moves to another."""

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts import selectors, tasks
from apps.accounts.errors import AddressTaken, CodeInvalid, GuestHasNoAddress
from apps.accounts.models import EmailCode, User
from apps.accounts.services import codes
from apps.accounts.signals import email_verified
from apps.core import jobs
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")

_PURPOSE = EmailCode.Purpose.CHANGE_EMAIL


def ask_for_change(*, actor: Actor, email: str) -> None:
    """Have a code mailed to the address that the actor wants to move to.

    Nothing else changes, and nobody is collided with, until the code is shown: also where somebody else has proven the
    address, who is told by mail, the answer is the same. An address that was only claimed so far is replaced by the
    new claim. Commits. Raises GuestHasNoAddress.
    """
    user = selectors.me(actor)
    if user.is_guest:
        raise GuestHasNoAddress
    with transaction.atomic():
        if user.email is None:
            _claim(user, email)
        codes.forget(user.pk)
        codes.send(user, _PURPOSE, email)
    security.info("address change asked", user=str(user.pk))


def _claim(user: User, email: str) -> None:
    User.objects.filter(pk=user.pk, email=None).update(
        claimed_email=email, rev=F("rev") + 1, updated_at=Now()
    )


def confirm_change(*, actor: Actor, code: str) -> User:
    """Move to the address that the code was mailed to, and have the old one told. Returns the account.

    Every other code dies with the old address. Commits, a wrong try as well; announces `email_verified`. Raises
    CodeInvalid, CodeExpired, and AddressTaken when another account proved the address in the meantime.
    """
    with transaction.atomic():
        right = codes.spend(actor.id, _PURPOSE, code)
        if right:
            former = selectors.me(actor).email
            user = prove(right)
            if former and former != user.email:
                EmailCode.objects.filter(pk=right.pk).update(former_address=former)
                jobs.enqueue(tasks.send_address_notice, code_id=right.pk)
                security.warning("address changed", user=str(user.pk))
            return user
    raise CodeInvalid


def prove(code: EmailCode) -> User:
    """Give a code's address to its owner, in the caller's transaction, and let every other code of theirs die.

    Announces `email_verified`. Raises AddressTaken.
    """
    assert code.user_id  # noqa: S101 - whoever spends a code is somebody
    codes.forget(code.user_id)
    owner = Q(pk=code.user_id)
    try:
        with transaction.atomic():
            User.objects.filter(owner).update(
                email=code.address,
                email_vouched_by="",
                claimed_email=None,
                rev=F("rev") + 1,
                updated_at=Now(),
            )
    except IntegrityError as taken:
        raise AddressTaken from taken
    user = User.objects.get(owner)
    email_verified.send(sender=User, user=user)
    security.info("email verified", user=str(user.pk))
    return user
