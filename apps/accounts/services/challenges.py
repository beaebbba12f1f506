"""Questions that somebody has to come back with an answer to: asked once, answered once, for one purpose."""

import base64
import secrets
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from apps.accounts import keys
from apps.accounts.errors import ChallengeExpired
from apps.accounts.models import Challenge, User

_SECRET_BYTES = 32


def ask(purpose: Challenge.Purpose, user: User | None = None) -> bytes:
    """Return a new secret to be shown again, within the caller's transaction."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    challenge = Challenge(
        purpose=purpose,
        user=user,
        secret_hash=keys.hash_of(secret),
        expires_at=timezone.now() + settings.CHALLENGE_LIFETIME,
    )
    challenge.save(force_insert=True)
    return secret


def locked(purpose: Challenge.Purpose, secret: bytes, now: datetime) -> Challenge:
    """Return the challenge of a secret; it and whom it was put to are held until the caller's transaction ends.

    Whoever answers it rightly deletes it. Raises ChallengeExpired for one that is unknown, of another purpose,
    answered, too old, or tried too often.
    """
    waiting = Challenge.objects.filter(secret_hash=keys.hash_of(secret), purpose=purpose)
    # The person first, as whoever changes them does.
    User.objects.held().only("pk").filter(pk__in=waiting.values("user")).first()
    found = waiting.select_related("user").select_for_update(of=("self",)).first()
    if found is None or not found.can_be_tried(now):
        raise ChallengeExpired
    return found


def as_text(secret: bytes) -> str:
    """Spell a secret for the wire: base64url without padding (RFC 4648 §5)."""
    return base64.urlsafe_b64encode(secret).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Read a secret back; what is none reads as one that nobody was asked."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
