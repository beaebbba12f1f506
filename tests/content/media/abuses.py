"""What may be tried with a grant that was made for one file, and what any store says to it."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.content.media.camera import Refusal, form

# Ours and that of S3.
_SIGNATURES = ("signature", "x-amz-signature")


@dataclass(frozen=True)
class Attempt:
    """One upload: fields, the file, and the name it is sent under."""

    fields: dict[str, str]
    content: bytes
    name: str = "file"

    def body(self) -> bytes:
        return form(self.fields, self.content, name=self.name)


def _with(**fields: str) -> Callable[[Attempt], Attempt]:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return lambda honest: Attempt(honest.fields | named, honest.content)


def _without(*names: str) -> Callable[[Attempt], Attempt]:
    def without(honest: Attempt) -> Attempt:
        kept = {name: value for name, value in honest.fields.items() if name not in names}
        return Attempt(kept, honest.content)

    return without


def _other_bytes(honest: Attempt) -> Attempt:
    return Attempt(honest.fields, honest.content[:-1] + b"?")


def _other_file(honest: Attempt) -> Attempt:
    other = _other_bytes(honest)
    digest = base64.b64encode(hashlib.sha256(other.content).digest()).decode()
    return Attempt(other.fields | {"x-amz-checksum-sha256": digest}, other.content)


def _longer_policy(honest: Attempt) -> Attempt:
    policy = base64.b64decode(honest.fields["policy"]).replace(b"expiration", b"Expiration")
    return Attempt(honest.fields | {"policy": base64.b64encode(policy).decode()}, honest.content)


DENIED = Refusal(403, "AccessDenied")
TRIED: dict[str, tuple[Callable[[Attempt], Attempt], Refusal]] = {
    "another key": (_with(key="quarantine/another"), DENIED),
    "a key that is read": (_with(key="public/a/b/large.jpg"), DENIED),
    "another type": (_with(Content_Type="text/html"), DENIED),
    "another file with its checksum": (_other_file, DENIED),
    "a field more": (_with(acl="public-read"), DENIED),
    "no type": (_without("Content-Type"), DENIED),
    "no checksum": (_without("x-amz-checksum-sha256"), DENIED),
    "no policy": (_without("policy"), DENIED),
    "no signature": (_without(*_SIGNATURES), DENIED),
    "a policy of one's own": (_longer_policy, Refusal(403, "SignatureDoesNotMatch")),
    "another file": (_other_bytes, Refusal(400, "BadDigest")),
    "a byte more": (
        lambda honest: Attempt(honest.fields, honest.content + b"?"),
        Refusal(400, "EntityTooLarge"),
    ),
    "a byte less": (
        lambda honest: Attempt(honest.fields, honest.content[:-1]),
        Refusal(400, "EntityTooSmall"),
    ),
    "under another name": (
        lambda honest: Attempt(honest.fields, honest.content, "upload"),
        Refusal(400, "InvalidArgument"),
    ),
}
