"""What any service that sends must be able to do, and the five ways in which it may fail.

PushFailure
├── AddressDead          this address will never work again
├── Refused              the message itself is wrong: a fault of ours, repeating it changes nothing
├── CredentialsRejected  the service does not accept us; every address stays as it is
├── RetryAfter           not now, and not before a named time
└── Unreachable          no answer that can be understood; the message may have been accepted
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol


@dataclass(slots=True)
class PushMessage:
    """One message to one address; a repeat carries the same ids, so that the app can drop it."""

    provider: str
    address: str = field(repr=False)
    address_kind: str
    """`token`, or `installation` where the service addresses those."""
    environment: str
    """`sandbox` for an app that was built for testing; only Apple tells the two apart."""
    notification_id: str
    delivery_id: str
    title: str
    body: str
    category: str
    link: str
    expires_at: datetime
    wakes: bool
    """Wakes the phone up."""
    breaks_through: bool = False
    """Is shown although the phone's owner wants to be left alone."""
    badge: int | None = None
    """The number on the app's icon; None leaves it as it is."""
    image: str = ""
    """The address of a picture to show with it."""
    replaces: str = ""
    """Messages of one such name replace each other on the phone and while it is out of reach."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A service's yes; where it passes messages on, it is not final before the receipt was asked for."""

    provider_message_id: str
    is_final: bool = True


class PushFailure(Exception):
    """`reason` is one stable word for the delivery row and the metrics; it never holds an address."""

    outcome: ClassVar[str]

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AddressDead(PushFailure):
    """`alarming` when no app of ours should ever have registered this address with us.

    `since` is when the service knew; an address that its phone has confirmed later lives.
    """

    outcome = "address_dead"

    def __init__(
        self, reason: str, *, alarming: bool = False, since: datetime | None = None
    ) -> None:
        super().__init__(reason)
        self.alarming = alarming
        self.since = since


class Refused(PushFailure):
    outcome = "refused"


class CredentialsRejected(PushFailure):
    """`everywhere` unless only the credentials behind some addresses (an expired APNs key) are at fault."""

    outcome = "credentials_rejected"

    def __init__(self, reason: str, *, everywhere: bool = True) -> None:
        super().__init__(reason)
        self.everywhere = everywhere


class RetryAfter(PushFailure):
    outcome = "retry_after"

    def __init__(self, reason: str, *, seconds: float) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Unreachable(PushFailure):
    outcome = "unreachable"


class Provider[Message](Protocol):
    """A push service, or a mail server.

    `send` takes at most a bounded time and raises a PushFailure unless the service accepted the message.
    """

    serves: frozenset[str]
    """The providers whose addresses it can send to."""

    async def send(self, message: Message) -> Receipt: ...

    async def passed_on(self, provider_message_id: str) -> bool:
        """Tell whether what was accepted, not finally, has reached Apple or Google; raises as `send` does."""
        ...

    async def close(self) -> None: ...
