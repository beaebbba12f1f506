"""Throw-away Google credentials, and the token endpoint that honours them."""

import json
import secrets
import time
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = "demo-project"
EMAIL = f"sender@{PROJECT}.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class TokenEndpoint:
    """Checks assertions like Google (RFC 7523) and hands out tokens that only its own server accepts."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.granted = 0
        self.lifetime = 3600
        self._tokens: dict[str, float] = {}

    def credentials(self) -> str:
        """Return the JSON of a service account that points here."""
        pem = _key().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "1",
                "private_key": pem.decode(),
                "client_email": EMAIL,
                "client_id": "1",
                "token_uri": self.url,
            }
        )

    def answer(self, form: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        """Answer one request for a token with a status and a document."""
        if form.get("grant_type") != [GRANT]:
            return 400, {"error": "unsupported_grant_type"}
        try:
            claims = jwt.decode(
                form.get("assertion", [""])[0],
                _key().public_key(),
                algorithms=["RS256"],
                audience=self.url,
                issuer=EMAIL,
                options={"require": ["exp", "iat", "aud", "iss"]},
            )
        except jwt.InvalidTokenError as fault:
            return 400, {"error": "invalid_grant", "error_description": str(fault)}
        if claims["exp"] - claims["iat"] > 3600 or claims.get("scope") != SCOPE:
            return 400, {"error": "invalid_scope"}
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._tokens[token] = time.monotonic() + self.lifetime
        self.granted += 1
        return 200, {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}

    def accepts(self, header: str) -> bool:
        """Tell whether an Authorization header carries a live token of ours."""
        scheme, _, token = header.partition(" ")
        return scheme == "Bearer" and self._tokens.get(token, 0) > time.monotonic()

    def revoke_all(self) -> None:
        self._tokens.clear()
