"""Who is on stage when access is judged, and what each of them holds: made once, and the same for every operation."""

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import transaction

from apps.accounts.models import Passkey, User
from apps.accounts.services import standing
from apps.content.models import Collaborator
from tests.content import desk
from tests.content.media import camera
from tests.devices.pockets import register
from tests.phone import Phone

type Ids = dict[str, str]
"""What goes into the `{…}` of a path or a body."""

_VERIFIED = (
    "owner",
    "editor",
    "viewer",
    "stranger",
    "blocked",
    "suspended",
    "staff",
    "superuser",
    "neighbour",
)


class Cast:
    """The people, by role, and a neighbour who holds what is foreign to all of them."""

    def __init__(self) -> None:
        self.people = {"anonymous": Phone(), "unverified": Phone()}
        self.people["unverified"].register(_address("unverified"))
        for role in _VERIFIED:
            self.people[role] = Phone().verified(_address(role), display_name=role.title())
        User.objects.filter(email=_address("staff")).update(is_staff=True)
        User.objects.filter(email=_address("superuser")).update(is_staff=True, is_superuser=True)
        with transaction.atomic():
            suspended = uuid.UUID(self.people["suspended"].user_id)
            standing.disable(user_id=suspended, by=uuid.uuid4())
        self.shown = desk.published(self.people["owner"])["id"]
        self.shared = desk.published(self.people["owner"], visibility="private")["id"]
        for role in ("editor", "viewer"):
            Collaborator.objects.create(
                post_id=self.shared, user_id=self.people[role].user_id, role=role
            )
        blocked = {"user_id": self.people["blocked"].user_id}
        assert self.people["owner"].post("me/blocks", blocked).status == 201
        self.hidden = desk.published(self.people["neighbour"], visibility="private")["id"]
        self._ids = cache(lambda of, state, role: KINDS[of](self, state, role))

    @property
    def roles(self) -> list[str]:
        return [role for role in self.people if role != "neighbour"]

    def holder(self, state: str, role: str) -> Phone | None:
        """Return whose a thing is that is in this state for whoever asks; None where there can't be such a thing."""
        if state == "foreign":
            return self.people["neighbour"]
        if state == "deleted" and role in {"anonymous", "unverified", "suspended"}:
            return self.people["owner"]
        return None if role in {"anonymous", "suspended"} else self.people[role]

    def ids(self, of: str, state: str, role: str) -> Ids | None:
        """Return the ids of a thing of this kind, None where there can't be such a thing."""
        return self._ids(of, state, role)


def _address(role: str) -> str:
    return f"{role}@cast.test"


type Kind = Callable[[Cast, str, str], Ids | None]


def personal(
    name: str, make: Callable[[Phone], str], delete: Callable[[Phone, str], Any] | None = None
) -> Kind:
    """Describe what one person holds: `make` it for a phone's owner, `delete` it again; its id goes into `{name}`."""

    def ids(cast: Cast, state: str, role: str) -> Ids | None:
        holder = cast.holder(state, role)
        if state == "absent":
            return {name: str(uuid.uuid4())}
        if holder is None or state in {"shared", "public"} or (state == "deleted" and not delete):
            return None
        made = make(holder)
        if state == "deleted" and delete:
            delete(holder, made)
        return {name: made}

    return ids


def post(cast: Cast, state: str, role: str) -> Ids | None:
    known = {"shared": cast.shared, "public": cast.shown, "foreign": cast.hidden}
    if state == "absent" or state in known:
        return {"id": known.get(state) or str(uuid.uuid4())}
    holder = cast.holder(state, role)
    if holder is None:
        return None
    return {"id": (desk.deleted if state == "deleted" else desk.drafted)(holder)["id"]}


def comment(cast: Cast, state: str, role: str) -> Ids | None:
    """Own: under the owner's post. Public: somebody's there. Shared: the owner's. Foreign: where nobody sees it."""
    below = {"shared": cast.shared, "foreign": cast.hidden}.get(state, cast.shown)
    if state == "absent":
        return {"id": below, "comment_id": str(uuid.uuid4())}
    speakers = {"shared": "owner", "public": "neighbour", "foreign": "neighbour"}
    # Whoever can't speak has nothing of their own there.
    silent = role in {"anonymous", "unverified", "suspended", "blocked"}
    if silent and state == "own":
        return None
    speaker = cast.people[speakers.get(state, "owner" if silent else role)]
    said = desk.commented(speaker, below)["id"]
    if state == "deleted":
        assert speaker.delete(f"posts/{below}/comments/{said}").status == 204
    return {"id": below, "comment_id": said}


def share(cast: Cast, state: str, role: str) -> Ids | None:
    """A post, and the neighbour with whom its author shares it, where there is one to share it."""
    ids = post(cast, state, role)
    if ids is None or (role == "unverified" and state == "own"):
        return None
    sharer = {"own": role, "shared": "owner", "public": "owner"}.get(state, "")
    user_id = cast.people["neighbour"].user_id
    if sharer:
        desk.shared(cast.people[sharer], ids["id"], user_id)
    return ids | {"user_id": user_id}


def picture(cast: Cast, state: str, role: str) -> Ids | None:
    """Public: what the owner's published post shows."""
    holder = cast.holder(state, role)
    if state == "absent":
        return {"id": str(uuid.uuid4())}
    if state == "public":
        return {"id": camera.shown_by(cast.shown)}
    if state == "shared" or holder is None:
        return None
    made = camera.announced(holder, b"picture")["media"]["id"]
    if state == "deleted":
        assert holder.delete(f"media/{made}").status == 204
    return {"id": made}


def person(cast: Cast, state: str, role: str) -> Ids | None:
    if state == "own":
        return {"user_id": cast.people[role].user_id} if role != "anonymous" else None
    return {"user_id": cast.people["neighbour"].user_id if state == "public" else str(uuid.uuid4())}


def _another_session(phone: Phone) -> str:
    other = Phone()
    assert other.login(phone.email).status == 200
    return next(row["id"] for row in phone.get("me/sessions").json["items"] if not row["current"])


def _another_device(phone: Phone) -> str:
    other = Phone()
    assert other.login(phone.email).status == 200
    assert register(other).status in {200, 201}
    return other.installation_id


def _an_export(phone: Phone) -> str:
    return str(phone.post("me/export").json["id"])


def _a_passkey(phone: Phone) -> str:
    name = {"name": "Phone", "credential_id": uuid.uuid4().bytes, "public_key": b"-"}
    return str(Passkey.objects.create(user_id=phone.user_id, **name).pk)


# What the rows of access/*.toml name with `of = "…"`.
KINDS: dict[str, Kind] = {
    "post": post,
    "comment": comment,
    "share": share,
    "person": person,
    "picture": picture,
    "session": personal(
        "id", _another_session, lambda who, name: who.delete(f"me/sessions/{name}")
    ),
    "passkey": personal("id", _a_passkey, lambda who, name: who.delete(f"me/passkeys/{name}")),
    "export": personal("id", _an_export),
    "device": personal(
        "installation_id", _another_device, lambda who, name: who.delete(f"devices/{name}")
    ),
}
