"""People as Apple and Google know them, and how a phone brings their tokens."""

from typing import Any

from tests.fakes.issuer import FakeIssuer
from tests.phone import Answer, Phone

ADDRESS = "author@example.test"
NONCE = "a nonce that the app made"


def bring(provider: str, token: str, phone: Phone | None = None, **more: Any) -> Answer:
    body = {"id_token": token, "nonce": NONCE, **more}
    phone = phone or Phone()
    return phone.post(f"auth/social/{provider}", body | {"device": phone.device})


def vouching(issuer: FakeIssuer, provider: str, subject: str = "001", **claims: Any) -> str:
    known = {"email": ADDRESS, "email_verified": True, "hd": "example.test"}
    return issuer.token(provider, subject, NONCE, **known | claims)
