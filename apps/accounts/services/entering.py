"""The one door behind every way to sign in: whoever proved who they are is let in, or asked for the second step."""

import uuid

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts import keys
from apps.accounts.errors import (
    ChallengeExpired,
    MfaCodeInvalid,
    MfaRequired,
)
from apps.accounts.models import Challenge, User
from apps.accounts.services import challenges, second_step
from apps.accounts.services.sessions import Origin, SignedIn, begin

security = structlog.stdlib.get_logger("security")


def admit(user: User, origin: Origin) -> SignedIn | MfaRequired:
    """Begin a session, or ask for the second step where it is on, within the caller's transaction.

    The question is returned and not raised, so that it is committed together with whatever the first step spent:
    `entered` raises it afterwards. Whether the account lets anybody in is told to nobody before the last step.
    Raises AccountDisabled, AccountDeleted.
    """
    if not second_step.is_on(user_id=user.pk):
        return begin(user, origin)
    secret = challenges.ask(Challenge.Purpose.SECOND_STEP, user)
    security.info("second step asked", user=str(user.pk))
    return MfaRequired(extra={"challenge": challenges.as_text(secret)})


def entered(outcome: SignedIn | MfaRequired) -> SignedIn:
    """Return the session that began; raises MfaRequired. To be called after the commit."""
    if isinstance(outcome, MfaRequired):
        raise outcome
    return outcome


def account_asked(challenge: str) -> uuid.UUID:
    """Return whose second step a challenge waits for; raises ChallengeExpired."""
    secret_hash = keys.hash_of(challenges.from_text(challenge))
    asked = Challenge.objects.filter(secret_hash=secret_hash, user__isnull=False)
    found = asked.values_list("user_id", flat=True).first()
    if found is None:
        raise ChallengeExpired
    return found


def take_second_step(*, challenge: str, code: str, origin: Origin) -> SignedIn:
    """Sign a device in whose person passed the first step, with a code from the app or from the list.

    Commits, a wrong try as well. Raises MfaCodeInvalid, ChallengeExpired, AccountDisabled, AccountDeleted.
    """
    secret, now = challenges.from_text(challenge), timezone.now()
    with transaction.atomic():
        asked = challenges.locked(Challenge.Purpose.SECOND_STEP, secret, now)
        assert asked.user  # noqa: S101 - nobody else is asked for a second step
        if second_step.passes(user_id=asked.user.pk, code=code):
            asked.delete()
            return begin(asked.user, origin)
        Challenge.objects.filter(pk=asked.pk).update(tries_left=F("tries_left") - 1)
    security.warning("wrong second step", user=str(asked.user_id))
    raise MfaCodeInvalid
