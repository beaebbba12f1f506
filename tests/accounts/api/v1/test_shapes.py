"""The answers that phones were built against, frozen."""

from typing import Any

from tests.golden import golden, steady
from tests.phone import Phone


def frozen(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from run to run, tokens included."""
    tokens = {name: f"<{name}>" for name in ("access", "refresh") if name in document}
    return steady(document | tokens)


def test_registration(phone: Phone) -> None:
    answer = phone.register("author@example.test", display_name="Ada")

    assert answer.status == 201
    assert frozen(answer.json) == golden(__file__, "registered")


def test_sign_in_and_refresh_look_alike(author: Phone) -> None:
    assert frozen(author.login().json) == golden(__file__, "signed-in")
    assert frozen(author.refresh().json) == golden(__file__, "signed-in")


def test_proof(phone: Phone) -> None:
    phone.register("author@example.test", display_name="Ada Author")
    answer = phone.verify(phone.code_mailed_to("author@example.test"))

    assert steady(answer.json) == golden(__file__, "user")


def test_me(author: Phone) -> None:
    assert steady(author.get("me").json) == golden(__file__, "me")


def test_devices(phone: Phone) -> None:
    phone.register("author@example.test", device=phone.device | {"model": "iPhone17,1"})

    assert steady(phone.get("me/sessions").json) == golden(__file__, "sessions")


def test_narrowed(author: Phone) -> None:
    assert author.get("me?fields=id,email").json == {
        "id": author.user_id,
        "email": "author@example.test",
    }
    assert author.get("me/sessions?fields=current").json["items"] == [{"current": True}]
