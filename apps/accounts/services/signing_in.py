"""Signing in with a password, or with a code that was mailed."""

import structlog
from django.db import transaction

from apps.accounts import selectors
from apps.accounts.errors import CodeInvalid, InvalidCredentials
from apps.accounts.models import EmailCode, User
from apps.accounts.services import codes, passwords
from apps.accounts.services.entering import admit, entered
from apps.accounts.services.sessions import Origin, SignedIn

security = structlog.stdlib.get_logger("security")


def sign_in(*, email: str, password: str, origin: Origin) -> SignedIn:
    """Sign a device in to the account that has proven the address, else to the newest that claims it.

    The same query and the same hashing for every address, known or not. Commits; announces `session_started`. Raises
    InvalidCredentials, Unavailable, and to whoever knows the password of such an account MfaRequired, AccountDisabled
    and AccountDeleted.
    """
    user = selectors.account_at(email)
    if not passwords.matches(password, user) or user is None:
        security.warning("sign-in failed", user=str(user.pk) if user else None)
        raise InvalidCredentials
    with transaction.atomic():
        outcome = admit(user, origin)
    return entered(outcome)


def send_code(*, email: str) -> None:
    """Have a code mailed to the account at an address; the same happens, but for the mail, where there is none.

    Commits.
    """
    with transaction.atomic():
        codes.send_to(email, EmailCode.Purpose.SIGN_IN)


def sign_in_with_code(*, email: str, code: str, origin: Origin) -> SignedIn:
    """Sign a device in to the account whose mailbox holds the code.

    Commits, a wrong try as well; announces `session_started`. Raises CodeInvalid, CodeExpired, MfaRequired,
    AccountDisabled and AccountDeleted.
    """
    with transaction.atomic():
        right = codes.spend_at(email, EmailCode.Purpose.SIGN_IN, code)
        if right:
            _, user = right
            # Whoever's word it was taken on: here is the proof.
            User.objects.filter(pk=user.pk).exclude(email_vouched_by="").update(email_vouched_by="")
            outcome = admit(user, origin)
    if not right:
        raise CodeInvalid
    return entered(outcome)
