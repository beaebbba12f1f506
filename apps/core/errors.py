"""Expected failures, by meaning: what any app may refuse with, free of HTTP.

DomainError
├── Invalid              what was sent can't be understood or breaks a rule of form
├── Unauthenticated      nobody, or no longer somebody
│   └── DeviceProofInvalid  not shown to come from the device that signed in
├── Denied               somebody, but not allowed (only where existence is no secret; else NotFound)
│   ├── ReauthRequired   the right somebody, whose last proof of it is too old for this
│   └── DeviceKeyMissing the right somebody, whose device can't prove that it is the one
├── NotFound             absent, deleted and foreign alike
├── Conflict             true of the request, false against what is stored now
├── Gone                 was here, never will be again
├── Stale                the caller changed a version that is no longer current
├── Mismatch             well-formed, but not what was said before under the same name
├── PreconditionMissing  the caller must say which version it changes
├── TooMany              a limit of this caller's is spent
├── UpgradeRequired      this version of the client is no longer served
└── Unavailable          ours to fix; the same request may succeed later

An app's `errors.py` subclasses these with its own stable `code`s; `core/http/errors.py` alone knows their statuses.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A refusal that callers are meant to read.

    `code` is stable and published; `detail` is one sentence for developers; `extra` joins the problem document as
    members of its own (RFC 9457 §3.2); `retry_after` is in seconds.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request was refused."
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str = "",
        *,
        retry_after: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.retry_after = retry_after
        self.extra = dict(extra or {})


class Invalid(DomainError):
    """Carries `errors`: one entry per fault, each `{"pointer", "code", "detail"}` (JSON Pointer, RFC 6901)."""

    code = "invalid"
    title = "The request is not valid."

    def __init__(self, detail: str = "", *, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(detail, extra={"errors": errors} if errors else None)


class Unauthenticated(DomainError):
    code = "unauthenticated"
    title = "Sign in first."


class DeviceProofInvalid(Unauthenticated):
    code = "device_proof_invalid"
    title = "Send a new proof, in `DPoP`, made with the key of this session."


class Denied(DomainError):
    code = "denied"
    title = "You may not do this."


class ReauthRequired(Denied):
    code = "reauth_required"
    title = "Prove again who you are, then repeat this request with the new access token."


class DeviceKeyMissing(Denied):
    code = "device_key_missing"
    title = "Sign in again with the public key of this device."


class NotFound(DomainError):
    code = "not_found"
    title = "There is nothing here."


class Conflict(DomainError):
    code = "conflict"
    title = "The request contradicts what is stored."


class Gone(DomainError):
    code = "gone"
    title = "This is gone for good."


class Stale(DomainError):
    code = "stale"
    title = "The version you changed is no longer the current one."


class Mismatch(DomainError):
    code = "mismatch"
    title = "The request differs from the first one of its name."


class PreconditionMissing(DomainError):
    code = "precondition_required"
    title = "Say which version you are changing with If-Match."


class TooMany(DomainError):
    code = "rate_limited"
    title = "Too many requests."
    retryable = True


class UpgradeRequired(DomainError):
    code = "client_upgrade_required"
    title = "This version of the app is no longer supported."


class Unavailable(DomainError):
    code = "unavailable"
    title = "The service can't answer right now."
    retryable = True
