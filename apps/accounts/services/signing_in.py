"""Signing in with a password."""

import structlog
from django.db import transaction

from apps.accounts import selectors
from apps.accounts.errors import InvalidCredentials
from apps.accounts.services import passwords
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
