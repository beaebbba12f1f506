"""What others may ask of accounts."""

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time

from django.conf import settings
from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
)
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils import timezone

from apps.accounts.errors import AlreadyVerified, ExportNotFound, NoAddress
from apps.accounts.models import (
    Block,
    Export,
    MailSuppression,
    Passkey,
    RecoveryCode,
    Session,
    Totp,
    User,
)
from apps.accounts.querysets import (
    BlockQuerySet,
    PasskeyQuerySet,
    SessionQuerySet,
    UserQuerySet,
    index_of,
)
from apps.core.actors import Actor
from apps.core.errors import NotFound
from apps.core.ids import first_id
from apps.core.querysets import finds


def account_of(actor: Actor) -> UserQuerySet:
    """The actor's own account."""
    return User.objects.live().filter(pk=actor.id)


def me(actor: Actor) -> User:
    """Return the actor's own account; raises NotFound."""
    user = account_of(actor).first()
    if user is None:
        raise NotFound
    return user


def standing_among(session_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Tell which of these sessions are neither over nor somebody's who is out; one query."""
    standing = Session.objects.filter(
        pk__in=session_ids,
        revoked_at=None,
        idle_expires_at__gt=Now(),
        user__is_active=True,
        user__deleted_at=None,
    )
    return set(standing.values_list("pk", flat=True))


def second_step_of(actor: Actor) -> UserQuerySet:
    """The actor's account, with `totp_enabled` and `recovery_codes_left`."""
    codes = RecoveryCode.objects.unused().filter(user=OuterRef("pk")).order_by()
    counted = codes.values("user").annotate(count=Count("pk")).values("count")
    return account_of(actor).annotate(
        totp_enabled=Exists(Totp.objects.confirmed().filter(user=OuterRef("pk"))),
        recovery_codes_left=Coalesce(Subquery(counted), 0),
    )


def passkeys_of(actor: Actor) -> PasskeyQuerySet:
    """The actor's passkeys."""
    return Passkey.objects.of(actor.id)


def claimed_address(actor: Actor) -> str:
    """Return the address that waits for its proof; raises AlreadyVerified when none does."""
    user = me(actor)
    address = None if user.email else user.claimed_email
    if address is None:
        raise AlreadyVerified
    return address


def address_of(actor: Actor) -> str:
    """Return where the actor says they can be reached, proven or not; raises NoAddress."""
    address = me(actor).address
    if address is None:
        raise NoAddress
    return address


def account_at(address: str) -> User | None:
    """Return whom a sign-in at an address means: who has proven it, else who claimed it last."""
    either = User.objects.filter(Q(email=address) | Q(claimed_email=address))
    return either.order_by(F("email").asc(nulls_last=True), "-id").first()


def sessions_of(actor: Actor) -> SessionQuerySet:
    """The devices on which the actor is signed in."""
    return Session.objects.of(actor.id).live()


def devices_of(actor: Actor, *, here: uuid.UUID | None) -> SessionQuerySet:
    """The same, with `is_current` on the one that asks."""
    return sessions_of(actor).annotate(
        is_current=ExpressionWrapper(Q(pk=here), output_field=BooleanField())
    )


def export_of(actor: Actor, export_id: uuid.UUID) -> Export:
    """Return one of the actor's own exports, whether or not it is made yet; raises ExportNotFound."""
    own = Export.objects.of(actor.id).filter(pk=export_id, expires_at__gt=Now())
    export = own.first()
    if export is None:
        raise ExportNotFound
    return export


def is_ready_export(export_id: uuid.UUID) -> bool:
    """Tell whether this archive may still be given to whoever has its address."""
    ready = Export.objects.filter(pk=export_id, state=Export.State.READY, expires_at__gt=Now())
    return ready.filter(user__deleted_at=None, user__is_active=True).exists()


def is_known_device(address: str, installation_id: str) -> bool:
    """Tell whether somebody has signed in to the account of this address from this installation before."""
    return bool(installation_id) and (
        Session.objects.filter(user__email=address, installation_id=installation_id).exists()
    )


def blocks_of(actor: Actor) -> BlockQuerySet:
    """Whom the actor has blocked."""
    named = ("id", "created_at", "blocker", "blocked__display_name")
    return Block.objects.by(actor.id).select_related("blocked").only(*named)


def blocks_around(actor: Actor) -> BlockQuerySet:
    """Whom the actor has blocked, and who has blocked the actor: what sets them apart from everybody else."""
    return Block.objects.filter(Q(blocker=actor.id) | Q(blocked=actor.id))


def unblocked(actor: Actor, person: str = "author") -> Q:
    """Return the condition that neither the actor nor the `person` of a row has blocked the other.

    `person` names the row's foreign key to a user. To be used in a filter of any app's QuerySet: it becomes part of
    that statement, two probes of an index a row, and says nothing at all for an actor who is not signed in.
    """
    if not actor.is_authenticated:
        return Q()
    theirs = Block.objects.by(actor.id).filter(blocked=OuterRef(person))
    ours = Block.objects.of(actor.id).filter(blocker=OuterRef(person))
    return ~finds(theirs) & ~finds(ours)


def are_blocked(actor: Actor, user_id: uuid.UUID) -> bool:
    """Tell whether one of the two has blocked the other."""
    either = Q(blocker=actor.id, blocked=user_id) | Q(blocker=user_id, blocked=actor.id)
    return Block.objects.filter(either).exists()


def suppressions_of(addresses: Collection[str]) -> dict[str, str]:
    """Return why no notification is mailed to some of these addresses: `bounced` or `complained`; one query."""
    standing = MailSuppression.objects.at(*addresses).standing()
    reasons = {bytes(row.address_index): row.reason for row in standing}
    named = {address: index_of(address) for address in addresses}
    return {address: reasons[index] for address, index in named.items() if index in reasons}


def bounces_now(address: str) -> bool:
    """Tell whether mail to an address was found undeliverable so lately that not even account mail tries again."""
    since = timezone.now() - settings.ACCOUNT_MAIL_HOLD
    return MailSuppression.objects.at(address).bounced_since(since).exists()


def sign_ups_by_day(first: date) -> dict[date, int]:
    """Count the accounts made on each day (UTC) from `first` on; days without any are left out."""
    start = datetime.combine(first, time(), UTC)
    new = User.objects.filter(pk__gte=first_id(start), created_at__gte=start)
    days = new.values_list(TruncDate("created_at", tzinfo=UTC)).annotate(Count("pk"))
    return dict(days.order_by())
