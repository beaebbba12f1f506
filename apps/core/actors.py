"""Who is asking: what the access token says, with no row read."""

import time
import uuid
from dataclasses import dataclass, field

# The scope of a person's own app.
APP = "app"


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller as every selector and service sees it.

    `id` is the user's id, None for somebody not signed in. `auth_time` is when the person last proved who they are
    (seconds since the epoch, RFC 9470), 0 if never. `scopes` say what may be done on their behalf: everything with
    `APP`, else only operations that name one of them. `device_key` names the key that the token is bound to, "" for
    none (`core/http/device_proof.py`). Nothing here is fresher than the access token it came from:
    a rule that needs the present state (verified, suspended) asks the database in the service that applies it.
    """

    id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    auth_time: int = 0
    device_key: str = ""

    def proven_within(self, seconds: float) -> bool:
        """Tell whether the person proved who they are no longer ago than that."""
        return time.time() - self.auth_time <= seconds

    def may_use(self, scope: str) -> bool:
        """Tell whether an operation of this scope ("" for none) may be used on the actor's behalf."""
        return not self.is_authenticated or APP in self.scopes or scope in self.scopes

    @property
    def is_authenticated(self) -> bool:
        return self.id is not None


ANONYMOUS = Actor()


def anonymous() -> Actor:
    return ANONYMOUS
