"""Secrets that can be recognised wherever they turn up: each is unique, and so is what it looks like when encoded."""

import base64
import secrets
from collections.abc import Iterable
from urllib.parse import quote


class Canaries:
    """One secret per kind of input, and the search for all of them in whatever a sink has kept.

    >>> canaries = Canaries("password", "otp")
    >>> client.post("/login", {"password": canaries["password"]})
    >>> assert canaries.found_in(everything_that_was_logged) == []
    """

    def __init__(self, *kinds: str) -> None:
        self._secrets = {kind: f"cn+{secrets.token_hex(6)}/{len(kind)}" for kind in kinds}

    def __getitem__(self, kind: str) -> str:
        return self._secrets[kind]

    def found_in(self, sink: bytes | str) -> list[str]:
        """Return the kinds whose secret is in the sink: plainly, percent-encoded or within base64."""
        kept = sink.encode() if isinstance(sink, str) else sink
        return [
            kind
            for kind, secret in self._secrets.items()
            if any(form in kept for form in _forms(secret))
        ]


def _forms(secret: str) -> Iterable[bytes]:
    yield secret.encode()
    yield quote(secret, safe="").encode()
    yield quote(secret).encode()
    # The core of the token alone, in case something was cut or escaped around it.
    yield secret[3:15].encode()
    for offset in range(3):
        # Base64 of a longer text looks like one of three things, by the position of the secret in it.
        padded = base64.b64encode(b"\0" * offset + secret.encode())
        inner = padded[4 if offset else 0 : -4]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")
