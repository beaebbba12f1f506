"""Secrets go in through every door, and are looked for wherever something is kept or sent."""

import base64
import hmac
import json
import re
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pyotp
from django.test import Client

from apps.accounts.models import MailSuppression, User
from apps.content import storage
from apps.notifications import keys
from tests.accounts.services.test_api_keys import issued
from tests.canaries import Canaries
from tests.content.media.camera import announced, fetched, picture, sent
from tests.fakes.smtp import FakeSmtp
from tests.house.conftest import Sinks
from tests.notifications.news import tell, wait_and_drain
from tests.outbox import drain
from tests.phone import Phone

# The key of RFC 9449's examples.
_PUBLIC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
}


def test_a_phones_secrets_stay_where_they_belong(sinks: Sinks) -> None:
    canaries = Canaries("password", "wrong", "email", "name", "push", "token", "refresh", "code")
    phone = Phone(password=canaries["password"] + "-and-long")
    address = f"{canaries['email'].replace('/', '.')}@example.test"
    installation = f"devices/{phone.installation_id}"

    phone.verified(address, display_name=canaries["name"])
    phone.logout()
    assert phone.login(password=canaries["wrong"] + "-and-long").status == 401
    assert phone.login().status == 200
    assert phone.refresh().status == 200
    spent = phone.access, phone.refresh_token
    assert phone.post("auth/refresh", {"refresh": canaries["refresh"]}).status == 401
    assert phone.post("auth/verify-email", {"code": canaries["code"]}).status in {400, 409, 410}
    assert phone.get("me", authorization=f"Bearer {canaries['token']}").status == 401
    assert phone.put(installation, {"platform": "ios", "app_version": "2.0.0"}).status in {200, 201}
    push = {"provider": "fcm", "address": canaries["push"]}
    assert phone.put(f"{installation}/push-address", push).status in {200, 204}
    drain()

    kept = sinks()
    assert kept["log"].count(b'"logger":"access"') >= 10
    assert {name: canaries.found_in(sink) for name, sink in kept.items() if sink} == {
        name: [] for name, sink in kept.items() if sink
    }
    for secret in spent:
        assert not [name for name, sink in kept.items() if secret.encode() in sink]


def test_what_opens_an_archive_or_an_account_stays_where_it_belongs(
    sinks: Sinks, settings: Any, tmp_path: Path
) -> None:
    store = settings.STORAGES["exports"]
    options = {**store["OPTIONS"], "location": tmp_path}
    settings.STORAGES = settings.STORAGES | {"exports": {**store, "OPTIONS": options}}
    canaries = Canaries("email", "name", "restore", "ticket")
    phone = Phone()
    address = f"{canaries['email'].replace('/', '.')}@example.test"
    phone.verified(address, display_name=canaries["name"])

    asked = phone.post("me/export").json["id"]
    drain()
    link = phone.get(f"me/export/{asked}").json["link"]
    ticket = link.rpartition("/")[2]
    archive: Any = Client().get(f"/exports/{ticket}")
    assert b"".join(archive.streaming_content).startswith(b"PK")
    assert Client().get(f"/exports/{quote(canaries['ticket'], safe='')}").status_code == 404
    assert phone.delete("me").status == 202
    drain()
    proof = phone.login().json["restore"]
    assert phone.post("me/restore", {"restore": canaries["restore"]}).status == 410
    assert phone.post("me/restore", {"restore": proof, "device": phone.device}).status == 200

    kept = {name: sink for name, sink in sinks().items() if sink}
    assert kept["log"].count(b'"logger":"access"') >= 10
    assert {name: canaries.found_in(sink) for name, sink in kept.items()} == {
        name: [] for name in kept
    }
    for secret in (ticket, proof):
        assert not [name for name, sink in kept.items() if secret.encode() in sink]


def test_what_proves_a_person_or_a_device_stays_where_it_belongs(
    sinks: Sinks, settings: Any
) -> None:
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = "app.example.test", ["https://a.test"]
    google = settings.IDENTITY_PROVIDERS["google"] | {"client_ids": ["test.app"]}
    settings.IDENTITY_PROVIDERS = settings.IDENTITY_PROVIDERS | {"google": google}
    canaries = Canaries("id_token", "nonce", "credential", "challenge", "proof", "totp")
    phone = Phone()
    device = {**phone.device, "public_key": _PUBLIC}
    phone.keep(phone.post("auth/guest", {"device": device}).json)
    member = Phone()
    member.verified("member@example.test")

    brought = {"id_token": canaries["id_token"], "nonce": canaries["nonce"]}
    assert phone.post("auth/social/google", brought).status == 401
    answered = {"id": canaries["credential"], "rawId": canaries["credential"], "type": "public-key"}
    assert phone.post("auth/passkeys/verify", {"credential": answered}).status in {400, 401}
    unproven = {"refresh": phone.refresh_token}
    for proof in (canaries["proof"], jwt.encode({"jti": canaries["proof"]}, "k" * 32)):
        assert phone.post("auth/refresh", unproven, dpop=proof).code == "device_proof_invalid"
    seed = member.post("me/mfa/totp").json["secret"]
    confirmed = member.post("me/mfa/totp/confirm", {"code": pyotp.TOTP(seed).now()})
    stepped = {"challenge": canaries["challenge"], "code": canaries["totp"]}
    assert Phone().post("auth/mfa/challenge", stepped).status in {400, 410}
    drain()

    kept = {name: sink for name, sink in sinks().items() if sink}
    assert {name: canaries.found_in(sink) for name, sink in kept.items()} == {
        name: [] for name in kept
    }
    for secret in (seed, phone.refresh_token, *confirmed.json["codes"]):
        assert not [name for name, sink in kept.items() if secret.encode() in sink]


def test_what_staff_type_stays_where_it_belongs(sinks: Sinks, settings: Any) -> None:
    settings.STAFF_SECOND_STEP = True
    canaries = Canaries("password", "code", "search")
    User.objects.create_superuser(email="keeper@example.test", password=canaries["password"])
    browser = Client()
    form = {"username": "keeper@example.test", "password": canaries["password"]}

    assert browser.post("/admin/login/", form).status_code == 302
    page = browser.get("/admin/second-step/").content.decode()
    seed = re.findall(r"<code>([A-Z2-7]{32})</code>", page)[0]
    wrong = {"secret": seed, "code": canaries["code"]}
    assert browser.post("/admin/second-step/", wrong).status_code == 200
    right = {"secret": seed, "code": pyotp.TOTP(seed).now()}
    codes = browser.post("/admin/second-step/", right).content.decode()
    recovery = re.findall(r"<code>([2-9a-z]{5}-[2-9a-z]{5})</code>", codes)
    found = browser.get("/admin/accounts/user/", {"q": f"{canaries['search']}@example.test"})
    assert found.status_code == 200
    drain()

    kept = {name: sink for name, sink in sinks().items() if sink}
    assert {name: canaries.found_in(sink) for name, sink in kept.items()} == {
        name: [] for name in kept
    }
    assert len(recovery) == 10
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].value
    for secret in (seed, cookie, *recovery):
        assert not [name for name, sink in kept.items() if secret.encode() in sink]


def test_what_opens_a_picture_or_a_server_s_door_stays_where_it_belongs(
    sinks: Sinks, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_FOLDER = tmp_path
    storage.store.cache_clear()
    phone = Phone().verified("author@example.test")
    _, server = issued(phone)
    content = picture()

    upload = (grant := announced(phone, content))["upload"]
    assert sent(upload, content).status == 204
    assert phone.post(f"media/{grant['media']['id']}/complete").status == 200
    drain()
    addresses = [one["url"] for one in phone.get(f"media/{grant['media']['id']}").json["files"]]
    assert [fetched(one).status for one in addresses] == [200] * len(addresses)
    assert server.get("posts").status == 200
    storage.store.cache_clear()

    kept = {name: sink for name, sink in sinks().items() if sink}
    assert kept["log"].count(b'"logger":"access"') >= 10
    signatures = [one.partition("signature=")[2] for one in addresses]
    fields = [upload["fields"][name] for name in ("policy", "signature")]
    opening = [*signatures, *fields, server.text.partition(".")[2]]
    assert all(len(secret) > 20 for secret in opening)
    for secret in opening:
        assert not [name for name, sink in kept.items() if secret.encode() in sink]


def test_what_goes_by_mail_stays_where_it_belongs(sinks: Sinks, settings: Any) -> None:
    """Servers quote whom they refuse, mail services name whom they report, links carry a right."""
    canaries = Canaries("email", "name", "title", "reported", "link")
    address = f"{canaries['email'].replace('/', '.')}@example.test"
    phone = Phone().verified(address)
    choice = {"categories": [{"category": "social", "email": True}]}
    assert phone.patch("notifications/preferences", choice).status == 200
    key = b"k" * 32
    settings.MAIL_WEBHOOKS = ["standard"]
    settings.MAIL_WEBHOOK_SECRETS = ["whsec_" + base64.b64encode(key).decode()]
    with FakeSmtp() as server:
        settings.MAILERS = server.mailers
        server.plan(address, "450 4.2.0", "data:451", "cut", "550 5.1.1")
        for _ in range(4):
            words = {"name": canaries["name"], "title": canaries["title"]}
            tell(phone, kind="post_shared", data=words)
            wait_and_drain(3_600)
        assert len(server.taken) == 1
    token = keys.unsubscribe_token(uuid.UUID(phone.user_id), "social")
    assert Client().post(f"/unsubscribe/{token}").status_code == 200
    bad = quote(canaries["link"], safe="")
    assert Client().post(f"/unsubscribe/{bad}").status_code == 404
    reported = {"address": f"{canaries['reported'].replace('/', '.')}@example.test"}
    body = json.dumps({"type": "mail.complained", "data": reported}).encode()
    stamp = str(int(time.time()))
    signature = hmac.digest(key, f"1.{stamp}.".encode() + body, "sha256")
    signed = {
        "webhook-id": "1",
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
    arguments: Any = {"content_type": "application/json", "headers": signed}
    assert Client().post("/api/webhooks/mail/standard", body, **arguments).status_code == 204
    assert MailSuppression.objects.standing().count() == 2

    kept = {name: sink for name, sink in sinks().items() if sink}
    assert b"mail came back" in kept["log"]
    assert {name: canaries.found_in(sink) for name, sink in kept.items()} == {
        name: [] for name in kept
    }
    assert not [name for name, sink in kept.items() if token.encode() in sink]


def test_the_search_finds_a_secret_in_any_coat() -> None:
    canaries = Canaries("secret")
    secret = canaries["secret"]
    for coat in (
        f"x {secret} y",
        quote(secret),
        quote(secret, safe=""),
        *(base64.b64encode(f"{'x' * n}{secret} tail".encode()).decode() for n in range(3)),
        base64.urlsafe_b64encode(f"user:{secret}".encode()).decode(),
    ):
        assert canaries.found_in(coat) == ["secret"], coat
    assert canaries.found_in("nothing here") == []
