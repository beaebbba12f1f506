"""Becoming somebody: an account for whoever asks, and an address once it is proven."""

import structlog
from django.db import transaction

from apps.accounts import selectors
from apps.accounts.errors import AlreadyVerified, CodeExpired, CodeInvalid
from apps.accounts.models import EmailCode, User
from apps.accounts.services import addresses, codes, passwords
from apps.accounts.services.sessions import Origin, SignedIn, begin
from apps.accounts.signals import user_registered
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")


def register(
    *,
    email: str,
    password: str,
    origin: Origin,
    display_name: str = "",
    locale: str = "en",
    time_zone: str = "UTC",
) -> SignedIn:
    """Make an account that claims an address, sign its device in, and have the address's code sent.

    Whether somebody else has proven the address makes no difference here: an account is made all the same, and what is
    mailed is decided later (`send_code_email`). Commits; announces `user_registered` and `session_started`. Raises
    Invalid for a weak password, Unavailable when too many passwords are being hashed.
    """
    passwords.judge(password, email=email, display_name=display_name)
    user = User(
        claimed_email=email,
        password=passwords.hashed(password),
        display_name=display_name,
        locale=locale,
        time_zone=time_zone,
    )
    with transaction.atomic():
        user.save(force_insert=True)
        user_registered.send(sender=User, user=user)
        security.info("registered", user=str(user.pk))
        signed_in = begin(user, origin)
        codes.send(user, EmailCode.Purpose.VERIFY_EMAIL, email)
        return signed_in


def send_code_again(*, actor: Actor) -> None:
    """Replace the code on its way by a new one.

    Commits; enqueues the mail. Raises AlreadyVerified when no address waits for its proof.
    """
    with transaction.atomic():
        codes.send(
            selectors.me(actor), EmailCode.Purpose.VERIFY_EMAIL, selectors.claimed_address(actor)
        )


def verify_email(*, actor: Actor, code: str) -> User:
    """Prove an address with the code that was sent there, and return the account.

    Commits, a wrong try as well: whoever wraps this must keep what precedes CodeInvalid. Announces `email_verified`.
    Raises CodeInvalid for a wrong code, CodeExpired when there is no code that could still be right, AlreadyVerified
    when nothing waits for proof, and AddressTaken when another account proved the address in the meantime.
    """
    with transaction.atomic():
        try:
            right = codes.spend(actor.id, EmailCode.Purpose.VERIFY_EMAIL, code)
        except CodeExpired:
            if selectors.me(actor).claimed_email is None:
                raise AlreadyVerified from None
            raise
        if right:
            return addresses.prove(right)
    raise CodeInvalid
