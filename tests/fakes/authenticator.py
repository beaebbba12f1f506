"""A software authenticator: makes passkeys and signs with them as a phone does, and lies on demand."""

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

# Flags of authenticator data (WebAuthn §6.1).
PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40
_ES256 = -7


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """One phone's passkeys for one site. What a ceremony says can be replaced by keywords, to see it refused."""

    def __init__(self, rp_id: str, origin: str, *, counts: bool = True) -> None:
        self.rp_id, self.origin, self.counts = rp_id, origin, counts
        self.credential_id = b""
        self.user_handle = b""
        self.sign_count = 0
        self.key = ec.generate_private_key(ec.SECP256R1())

    def create(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """Make a passkey; answer as `navigator.credentials.create()` would."""
        self.credential_id = lies.get("credential_id") or secrets.token_bytes(16)
        self.user_handle = decoded(options["user"]["id"])
        client_data = self._client_data("webauthn.create", options, lies)
        attested = b"\0" * 16 + len(self.credential_id).to_bytes(2) + self.credential_id
        data = self._authenticator_data(lies, ATTESTED) + attested + self._public_key()
        attestation = {"fmt": lies.get("fmt", "none"), "attStmt": {}, "authData": data}
        return self._answer(
            {
                "clientDataJSON": encoded(client_data),
                "attestationObject": encoded(cbor2.dumps(attestation)),
                "transports": ["internal", "hybrid", "carrier-pigeon"],
            }
        )

    def get(self, options: dict[str, Any], **lies: Any) -> dict[str, Any]:
        """Sign with the passkey; answer as `navigator.credentials.get()` would."""
        if self.counts:
            self.sign_count += 1
        client_data = self._client_data("webauthn.get", options, lies)
        data = self._authenticator_data(lies, 0)
        signed = data + hashlib.sha256(client_data).digest()
        key = lies.get("key", self.key)
        return self._answer(
            {
                "clientDataJSON": encoded(client_data),
                "authenticatorData": encoded(data),
                "signature": encoded(key.sign(signed, ec.ECDSA(hashes.SHA256()))),
                "userHandle": encoded(lies.get("user_handle", self.user_handle)),
            }
        )

    def _client_data(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _authenticator_data(self, lies: dict[str, Any], more: int) -> bytes:
        flags = lies.get("flags", PRESENT | VERIFIED | ELIGIBLE | BACKED_UP) | more
        rp = hashlib.sha256(lies.get("rp_id", self.rp_id).encode()).digest()
        return rp + bytes([flags]) + lies.get("sign_count", self.sign_count).to_bytes(4)

    def _public_key(self) -> bytes:
        point = self.key.public_key().public_numbers()
        return cbor2.dumps(
            {1: 2, 3: _ES256, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        )

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = encoded(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
