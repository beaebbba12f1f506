"""Signature version 4 as the fake S3 checks it: of forms' policies, of addresses, and of requests.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<credential>\S+), ?SignedHeaders=(?P<signed>\S+), ?"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=15)


class Refused(Exception):
    """An S3 error: status, code, message."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Keys:
    """The one account that the fake knows."""

    access: str
    secret: str
    region: str = "us-east-1"

    def sign(self, credential: str, text: bytes) -> str:
        """Sign with the key of the day that the credential names. Raises Refused."""
        access, _, scope = credential.partition("/")
        day, region, service, end = [*scope.split("/"), "", "", "", ""][:4]
        if access != self.access:
            raise Refused(403, "InvalidAccessKeyId")
        if (region, service, end) != (self.region, "s3", "aws4_request"):
            raise Refused(400, "AuthorizationHeaderMalformed")
        key = f"AWS4{self.secret}".encode()
        for part in (day, region, service, end):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, text, "sha256").hex()

    def require(self, credential: str, text: bytes, signature: str) -> None:
        if not hmac.compare_digest(self.sign(credential, text), signature):
            raise Refused(403, "SignatureDoesNotMatch")


def when(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Refused(403, "AccessDenied", "Malformed date") from None


@dataclass(frozen=True)
class Request:
    """What of a request is signed."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]

    def canonical(self, signed: Iterable[str], payload: str, *, without: str = "") -> bytes:
        pairs = sorted((_quoted(k), _quoted(v)) for k, v in self.query if k != without)
        signed = list(signed)
        headers = [f"{name}:{' '.join(self.headers.get(name, '').split())}\n" for name in signed]
        return "\n".join(
            [
                self.method,
                self.path,
                "&".join(f"{name}={value}" for name, value in pairs),
                "".join(headers),
                ";".join(signed),
                payload,
            ]
        ).encode()


def require_signed(request: Request, keys: Keys, now: datetime) -> None:
    """Check an address that was signed, or a request that carries its signature. Raises Refused."""
    query = dict(request.query)
    if "X-Amz-Signature" in query:
        _require_signed_address(request, query, keys, now)
    else:
        _require_signed_headers(request, keys, now)


def _require_signed_headers(request: Request, keys: Keys, now: datetime) -> None:
    said = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if said is None:
        raise Refused(403, "AccessDenied")
    stamp = request.headers.get("x-amz-date", "")
    if abs(now - when(stamp)) > _SKEW:
        raise Refused(403, "RequestTimeTooSkewed")
    payload = request.headers.get("x-amz-content-sha256", "")
    canonical = request.canonical(said["signed"].split(";"), payload)
    keys.require(
        said["credential"], _to_sign(stamp, said["credential"], canonical), said["signature"]
    )


def _require_signed_address(
    request: Request, query: dict[str, str], keys: Keys, now: datetime
) -> None:
    stamp, credential = query.get("X-Amz-Date", ""), query.get("X-Amz-Credential", "")
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise Refused(400, "AuthorizationQueryParametersError")
    if now > when(stamp) + timedelta(seconds=int(query.get("X-Amz-Expires", "0"))):
        raise Refused(403, "AccessDenied", "Request has expired")
    signed = query.get("X-Amz-SignedHeaders", "host").split(";")
    canonical = request.canonical(signed, "UNSIGNED-PAYLOAD", without="X-Amz-Signature")
    keys.require(credential, _to_sign(stamp, credential, canonical), query["X-Amz-Signature"])


def _to_sign(stamp: str, credential: str, canonical: bytes) -> bytes:
    scope = credential.partition("/")[2]
    return "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical).hexdigest()]).encode()


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
