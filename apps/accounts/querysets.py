"""The vocabulary of accounts: adjectives for people, their sessions and their codes."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.core import crypto
from apps.core.models import PlannedQuerySet


def one_spelling(address: str) -> str:
    """Return the one spelling under which an email address is stored and looked up.

    Lower case throughout: no provider in use tells `Ada@` from `ada@`. The domain is in its ASCII form (RFC 3490), so
    that what looks alike to a mail server is alike here. Raises UnicodeError for a domain without such a form and for
    a name outside ASCII, whose letters could turn into another's.
    """
    name, at, domain = address.strip().rpartition("@")
    return f"{name.encode('ascii').decode()}{at}{domain.encode('idna').decode()}".lower()


_CONFIRM = """
    WITH arrived AS (
        UPDATE accounts_session SET confirmed_at = %(now)s
        WHERE id = %(id)s AND confirmed_at IS NULL AND revoked_at IS NULL
            AND generation = %(generation)s AND substr(leaf_hash, 1, %(length)s) = %(digest)s
        RETURNING id
    )
    SELECT session.id, user_id, generation, leaf_hash, parent_hash, confirmed_at, idle_expires_at, revoked_at,
        owner.is_active AND owner.deleted_at IS NULL AS owner_is_live,
        EXISTS (SELECT FROM arrived) AS has_arrived
    FROM accounts_session AS session JOIN accounts_user AS owner ON owner.id = user_id
    WHERE session.id = %(id)s
"""


class UserQuerySet(PlannedQuerySet[Any]):
    def held(self) -> Self:
        """Keep these rows to the caller's transaction; who merely refers to them is not held up.

        Whoever changes a person and what is theirs holds the person first, so that nobody waits in a ring.
        """
        return self.select_for_update(no_key=True)

    def live(self) -> Self:
        """Neither disabled by staff nor deleted by their owner."""
        return self.filter(is_active=True, deleted_at=None)

    def to_be_erased(self, now: datetime) -> Self:
        """Deleted by their owners, past the time in which they could have come back, and not erased yet.

        Guests have no way back, so nothing is kept for them. Whom staff have disabled is not erased: that is a decision
        about a person, and staff's to take back first.
        """
        late = Q(is_guest=True) | Q(deleted_at__lte=now - settings.DELETION_GRACE)
        return self.filter(late, deleted_at__isnull=False, erased_at=None, is_active=True)

    def proven(self, address: str) -> Self:
        """The one account that has shown that this address is its own."""
        return self.filter(email=address)

    def claiming(self, address: str) -> Self:
        """Accounts that say so and have not shown it yet, newest first."""
        return self.filter(claimed_email=address).order_by("-id")

    # What Django's sign-in for staff and `createsuperuser` ask of the manager.

    def get_by_natural_key(self, email: str) -> Any:
        return self.get(email=email.strip().lower())

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Any:
        user = self.model(email=one_spelling(email), **fields)
        user.is_staff = user.is_superuser = True
        user.set_password(password)
        user.save(using=self.db)
        return user


class SessionQuerySet(PlannedQuerySet[Any]):
    def live(self) -> Self:
        """Neither ended nor expired, by the database's clock."""
        return self.filter(revoked_at=None, idle_expires_at__gt=Now())

    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def confirmed(
        self, session_id: UUID, *, generation: int, digest: bytes, now: datetime
    ) -> Any | None:
        """Return a session, over or not, having noted that the leaf of this digest arrived if it is the current one.

        The row carries `owner_is_live`, and `has_arrived` when this was the first sign of the leaf. One statement,
        because it stands in the way of the first request with every new token.
        """
        values = {
            "id": session_id,
            "generation": generation,
            "digest": digest,
            "length": len(digest),
            "now": now,
        }
        return next(iter(self.raw(_CONFIRM, values)), None)

    def ended_before(self, moment: datetime) -> Self:
        return self.filter(revoked_at__lt=moment)

    def expired_before(self, moment: datetime) -> Self:
        """Left alone until they expired."""
        return self.filter(revoked_at=None, idle_expires_at__lt=moment)


class EmailCodeQuerySet(PlannedQuerySet[Any]):
    def open(self) -> Self:
        """Not used yet; perhaps expired or out of tries."""
        return self.filter(used_at=None)

    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)


class BlockQuerySet(PlannedQuerySet[Any]):
    def by(self, user_id: UUID | None) -> Self:
        """What this person asked for."""
        return self.filter(blocker=user_id)

    def of(self, user_id: UUID | None) -> Self:
        """What others asked for to be rid of this person."""
        return self.filter(blocked=user_id)


class ExportQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def open(self, now: datetime) -> Self:
        """Asked for and not made yet."""
        return self.filter(state=self.model.State.PENDING, expires_at__gt=now)


class ChallengeQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def expired_before(self, moment: datetime) -> Self:
        return self.filter(expires_at__lt=moment)


class TotpQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def confirmed(self) -> Self:
        """Those whose codes are asked for at sign-in."""
        return self.filter(confirmed_at__isnull=False)


class RecoveryCodeQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def unused(self) -> Self:
        return self.filter(used_at=None)


class IdentityQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)

    def known_as(self, issuer: str, subject: str) -> Self:
        return self.filter(issuer=issuer, subject=subject)


class PasskeyQuerySet(PlannedQuerySet[Any]):
    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)


class ApiKeyQuerySet(PlannedQuerySet[Any]):
    def standing(self) -> Self:
        """Neither revoked nor expired, of an account that is let in."""
        lets_in = {"user__is_active": True, "user__deleted_at": None}
        return self.filter(revoked_at=None, expires_at__gt=Now(), **lets_in)

    def of(self, user_id: UUID | None) -> Self:
        return self.filter(user_id=user_id)


class MailSuppressionQuerySet(PlannedQuerySet[Any]):
    def at(self, *addresses: str) -> Self:
        return self.filter(address_index__in=[index_of(address) for address in addresses])

    def standing(self) -> Self:
        """Addresses to which no notification is mailed."""
        return self.filter(Q(bounced_at__isnull=False) | Q(complained_at__isnull=False))

    def bounced_since(self, moment: datetime) -> Self:
        return self.filter(bounced_at__gt=moment)

    def only_counted_before(self, moment: datetime) -> Self:
        """Addresses that are not suppressed and at which nothing has happened since."""
        return self.filter(bounced_at=None, complained_at=None, updated_at__lt=moment)

    def note_bounce(self, address: str, *, code: str) -> None:
        """Suppress an address at which no mail can ever arrive."""
        self._note(address, bounced_at=Now(), code=code)

    def note_complaint(self, address: str, *, code: str) -> None:
        """Suppress an address whose reader called our mail spam."""
        self._note(address, complained_at=Now(), code=code)

    def note_soft_bounce(self, address: str, *, code: str) -> None:
        """Count mail that came back for now."""
        self._note(address, soft_bounces=F("soft_bounces") + 1, code=code)

    def arrives(self, address: str) -> None:
        """Forget bounces at an address: somebody there has read our mail. A complaint stands."""
        self.at(address).filter(Q(bounced_at__isnull=False) | Q(soft_bounces__gt=0)).update(
            bounced_at=None, soft_bounces=0, updated_at=Now()
        )

    def lift(self) -> int:
        """Let mail go there again, and return to how many."""
        return self.standing().update(
            bounced_at=None, complained_at=None, soft_bounces=0, code="", updated_at=Now()
        )

    def _note(self, address: str, **changes: Any) -> None:
        row = self.model(address_index=index_of(address))
        row.sealed_address = crypto.seal(address, row=row.seal)
        self.bulk_create([row], ignore_conflicts=True)
        self.at(address).update(**changes, updated_at=Now())


def index_of(address: str) -> bytes:
    """Return by what an address is found in the suppression list."""
    return crypto.blind_index(address, purpose="accounts.mail-suppression")
