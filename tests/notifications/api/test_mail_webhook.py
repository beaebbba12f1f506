"""Bounces and complaints: believed when signed, noted once, and with consequences for the address and the delivery."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from apps.accounts.models import MailSuppression
from apps.notifications.checks import check_mail_webhooks
from apps.notifications.keys import intent_of
from apps.notifications.models import Delivery, MailEvent
from apps.notifications.periodic import forget_mail_events
from tests.notifications.news import tell
from tests.phone import Phone

ADDRESS = "author@example.test"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TWILIO = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(autouse=True)
def _listening(settings: Any) -> None:
    settings.MAIL_WEBHOOKS = ["standard", "sendgrid"]
    settings.MAIL_WEBHOOK_SECRETS = [SECRET]
    public = TWILIO.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings.SENDGRID_WEBHOOK_KEY = base64.b64encode(public).decode()


@pytest.fixture
def mailed(author: Phone) -> Delivery:
    """A mail that the server has taken."""
    notification = tell(author)
    return Delivery.objects.create(
        notification=notification,
        channel="email",
        provider="smtp",
        state="accepted",
        attempts=1,
        sent_at=Now(),
        accepted_at=Now(),
        expires_at=timezone.now(),
    )


def named(delivery: Delivery) -> str:
    return f"<{intent_of(delivery.notification_id, delivery.pk)}@example.test>"


def signed(name: str, stamp: int, body: bytes, key: bytes = KEY) -> str:
    mac = hmac.new(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(mac).decode()


def report(
    kind: str, name: str = "", *, key: bytes = KEY, stamp: int = 0, **data: Any
) -> tuple[int, Any]:
    """Report something in our own words; return status and body."""
    stamp, name = stamp or int(time.time()), name or str(uuid.uuid4())
    body = json.dumps({"type": kind, "data": data}).encode()
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signed(name, stamp, body, key),
    }
    return post("standard", body, headers)


def twilio(*events: dict[str, Any], key: ec.EllipticCurvePrivateKey = TWILIO) -> tuple[int, Any]:
    body, stamp = json.dumps(events).encode(), str(int(time.time()))
    signature = key.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return post("sendgrid", body, headers)


def post(service: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        f"/api/webhooks/mail/{service}", body, content_type="application/json", headers=headers
    )
    return answer.status_code, json.loads(answer.content) if answer.content else None


def fate(delivery: Delivery) -> tuple[str, str, str]:
    found = Delivery.objects.get(notification=delivery.notification_id, pk=delivery.pk)
    return found.state, found.failure, found.reason


def test_a_bounce_fails_its_delivery_and_suppresses_the_address(mailed: Delivery) -> None:
    status, _ = report(
        "mail.bounced",
        message_id=named(mailed),
        address="Author@Example.test",
        permanent=True,
        code="5.1.1",
    )

    assert status == 204
    assert fate(mailed) == ("failed", "bounced", "5.1.1")
    assert MailSuppression.objects.at(ADDRESS).get().reason == "bounced"
    event = MailEvent.objects.get()
    assert (event.notification_id, event.delivery_id) == (mailed.notification_id, mailed.pk)


def test_a_complaint_after_the_arrival(mailed: Delivery) -> None:
    assert report("mail.delivered", message_id=named(mailed), address=ADDRESS)[0] == 204
    assert fate(mailed)[0] == "delivered"
    assert not MailEvent.objects.exists()

    assert report("mail.complained", message_id=named(mailed), address=ADDRESS)[0] == 204

    assert fate(mailed) == ("failed", "complained", "complained")
    assert MailSuppression.objects.at(ADDRESS).get().reason == "complained"


def test_a_soft_bounce_is_counted(mailed: Delivery) -> None:
    report("mail.bounced", message_id=named(mailed), address=ADDRESS, code="4.2.2")

    assert fate(mailed) == ("failed", "soft_bounced", "4.2.2")
    row = MailSuppression.objects.at(ADDRESS).get()
    assert (row.reason, row.soft_bounces) == ("", 1)


def test_what_was_noted_is_not_noted_twice(mailed: Delivery) -> None:
    for _ in range(3):
        said = {"message_id": named(mailed), "address": ADDRESS}
        assert report("mail.bounced", "one", **said)[0] == 204

    assert MailSuppression.objects.at(ADDRESS).get().soft_bounces == 1
    with time_machine.travel(time.time() + 31 * 86_400):
        forget_mail_events()
    assert not MailEvent.objects.exists()


def test_mail_of_accounts_has_no_delivery_and_counts_all_the_same(author: Phone) -> None:
    said = {"message_id": "<code.018f@example.test>", "address": ADDRESS, "permanent": True}

    assert report("mail.bounced", **said)[0] == 204

    assert MailSuppression.objects.at(ADDRESS).get().reason == "bounced"


def test_a_push_is_never_failed_by_a_mail(author: Phone) -> None:
    notification = tell(author)
    (push,) = Delivery.objects.filter(notification=notification, channel="push")

    report("mail.bounced", message_id=named(push), permanent=True)

    assert fate(push)[0] == "suppressed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("other_key", "signature_invalid"),
        ("other_body", "signature_invalid"),
        ("other_time", "signature_invalid"),
        ("no_signature", "signature_invalid"),
        ("old", "signature_expired"),
        ("future", "signature_expired"),
        ("no_time", "signature_invalid"),
    ],
)
def test_what_is_not_signed_by_us_and_now_is_refused(how: str, code: str) -> None:
    now = int(time.time())
    stamp = {"old": now - 301, "future": now + 400}.get(how, now)
    body = b'{"type":"mail.bounced","data":{"address":"author@example.test","permanent":true}}'
    key = b"k" * 32 if how == "other_key" else KEY
    text = signed("one", stamp, b"{}" if how == "other_body" else body, key)
    if how == "no_time":
        text = "v1," + base64.b64encode(hmac.digest(KEY, b"one.never." + body, "sha256")).decode()
    headers = {
        "webhook-id": "one",
        "webhook-timestamp": {"other_time": str(now + 1), "no_time": "never"}.get(how, str(stamp)),
        "webhook-signature": "" if how == "no_signature" else text,
    }

    status, problem = post("standard", body, headers)

    assert (status, problem["code"]) == (403, code)
    assert not MailSuppression.objects.exists()


@pytest.mark.django_db
def test_a_secret_changes_over(settings: Any) -> None:
    newer = b"n" * 32
    settings.MAIL_WEBHOOK_SECRETS = ["whsec_" + base64.b64encode(newer).decode(), SECRET]

    assert report("mail.opened", key=newer)[0] == 204
    assert report("mail.opened", key=KEY)[0] == 204
    settings.MAIL_WEBHOOK_SECRETS = settings.MAIL_WEBHOOK_SECRETS[:1]
    assert report("mail.opened", key=KEY)[0] == 403


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"type":"mail.bounced"}',
        b'{"type":"mail.bounced","data":[]}',
        b'{"type":"mail.bounced","data":{}}',
        b'{"type":"mail.bounced","data":{"address":"a\\u0000@b"}}',
        b'{"type":"mail.bounced","data":{"address":7,"message_id":{}}}',
        b"\xff" * 10,
        b"[" * 5_000,
    ],
)
def test_whatever_is_signed_is_never_an_error_of_ours(body: bytes) -> None:
    stamp = int(time.time())
    signature = signed("one", stamp, body)
    headers = {
        "webhook-id": "one",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature,
    }

    status, problem = post("standard", body, headers)

    # What has no type of ours is somebody else's news.
    assert status == 204 or (status, problem["code"]) == (400, "malformed_body")
    assert not MailEvent.objects.exists()


@pytest.mark.django_db
def test_who_is_not_named_is_not_there(settings: Any) -> None:
    settings.MAIL_WEBHOOKS = []
    assert report("mail.opened")[0] == 404
    assert post("gossip", b"{}", {})[0] == 404
    answer = Client().get("/api/webhooks/mail/standard")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert answer["Content-Type"] == "application/problem+json"


# SendGrid, as its documentation shows events


def event(kind: str, **said: Any) -> dict[str, Any]:
    return {
        "email": ADDRESS,
        "timestamp": 1513299569,
        "event": kind,
        "category": ["cat facts"],
        "sg_event_id": f"sg-{kind}-{said.get('type', '')}{said.get('reason', '')}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **said,
    }


def test_a_batch_of_sendgrid(mailed: Delivery) -> None:
    status, _ = twilio(
        event("processed"),
        event("deferred", response="400 try again later", attempt="5"),
        event("bounce", type="bounce", status="5.1.1", reason="550", **{"smtp-id": named(mailed)}),
        event("open", useragent="Mozilla/4.0"),
        event("click", url="http://www.sendgrid.com/"),
    )

    assert status == 204
    assert fate(mailed) == ("failed", "bounced", "5.1.1")
    assert MailEvent.objects.get().event_id == "sg-bounce-bounce550"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "reason", "soft"),
    [
        (event("bounce", type="blocked", status="4.0.0"), "", 1),
        (event("spamreport"), "complained", 0),
        (event("dropped", reason="Bounced Address", status="5.0.0"), "bounced", 0),
        (event("dropped", reason="Spam Reporting Address"), "complained", 0),
        (event("dropped", reason="Spam Content"), "", 1),
        ({**event("spamreport"), "sg_event_id": None}, "complained", 0),
    ],
)
def test_what_sendgrid_means(said: dict[str, Any], reason: str, soft: int) -> None:
    for _ in range(2):
        assert twilio(said)[0] == 204

    row = MailSuppression.objects.at(ADDRESS).get()
    assert (row.reason, row.soft_bounces) == (reason, soft)


@pytest.mark.django_db
def test_sendgrid_is_known_by_its_key() -> None:
    other = ec.generate_private_key(ec.SECP256R1())

    status, problem = twilio(event("spamreport"), key=other)

    assert (status, problem["code"]) == (403, "signature_invalid")
    assert post("sendgrid", b"[]", {})[0] == 403
    with time_machine.travel(time.time() - 1_000):
        body, stamp = b"[]", str(int(time.time()))
        signature = TWILIO.sign(stamp.encode() + body, ec.ECDSA(SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    assert post("sendgrid", body, headers)[1]["code"] == "signature_expired"


# Half configured


def test_the_start_fails_for_a_secret_that_is_none(settings: Any) -> None:
    assert check_mail_webhooks() == []
    settings.MAIL_WEBHOOK_SECRETS = ["hunter2"]
    settings.SENDGRID_WEBHOOK_KEY = "AAAA"
    settings.MAIL_WEBHOOKS = ["standard", "sendgrid", "pigeon"]

    faults = [fault.msg for fault in check_mail_webhooks()]

    assert len(faults) == 3
    assert "hunter2" not in "".join(faults)
