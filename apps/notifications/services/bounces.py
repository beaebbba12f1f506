"""Mail services tell what became of mail that they had taken: it arrived, came back, or was called spam."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from prometheus_client import Counter

from apps.accounts.services import mailboxes
from apps.notifications.keys import ids_in
from apps.notifications.kinds import Channel
from apps.notifications.models import Delivery, MailEvent
from apps.notifications.models.delivery import State
from apps.notifications.providers.mail_reports.base import Event, MailReport

logger = logging.getLogger("mail")

REPORTS = Counter("mail_reports", "Reports of mail services.", ["service", "event"])

EVENTS_KEPT = timedelta(days=30)


def note_mail_reports(*, service: str, reports: Sequence[MailReport]) -> None:
    """Note what a service tells; what was noted before changes nothing. Commits each report by itself.

    A bounce or complaint suppresses its address (`accounts.services.mailboxes`) and fails its delivery, if it was one
    of ours: account mail has none.
    """
    _note_arrived([one for one in reports if one.event is Event.DELIVERED])
    for report in reports:
        if report.event is not Event.DELIVERED:
            _note(service, report)
        REPORTS.labels(service, report.event).inc()


def forget_mail_events() -> int:
    """Delete what services have reported longer ago than any of them repeats; return how many."""
    return MailEvent.objects.filter(created_at__lt=timezone.now() - EVENTS_KEPT).delete()[0]


def _note_arrived(reports: Sequence[MailReport]) -> None:
    ids = [ids for one in reports if (ids := ids_in(one.message_id))]
    if not ids:
        return
    arrived = Delivery.objects.filter(
        notification__in=[notification for notification, _ in ids],
        pk__in=[delivery for _, delivery in ids],
        channel=Channel.EMAIL,
    )
    first: dict[str, Any] = {"accepted_at": Coalesce("accepted_at", Now()), "next_attempt_at": None}
    arrived.filter(attempts__gt=0).move(
        State.DELIVERED, **first, delivered_at=Coalesce("delivered_at", Now())
    )


def _note(service: str, report: MailReport) -> None:
    notification_id, delivery_id = ids_in(report.message_id) or (None, None)
    with transaction.atomic():
        _, is_news = MailEvent.objects.get_or_create(
            service=service,
            event_id=report.id,
            defaults={
                "event": report.event,
                "code": report.code,
                "notification_id": notification_id,
                "delivery_id": delivery_id,
            },
        )
        if not is_news:
            return
        if notification_id and delivery_id:
            _fail(Delivery.objects.at(notification_id, delivery_id), report)
        if report.address:
            _suppress(report)
    logger.warning("mail came back", extra={"service": service, "outcome": report.event})


def _fail(row: Any, report: MailReport) -> None:
    row.filter(channel=Channel.EMAIL, attempts__gt=0).move(
        State.FAILED,
        failure=report.event,
        reason=report.code or report.event,
        next_attempt_at=None,
    )


def _suppress(report: MailReport) -> None:
    code = report.code or report.event
    if report.event is Event.COMPLAINED:
        mailboxes.note_complaint(address=report.address, code=code)
    else:
        is_final = report.event is Event.BOUNCED
        mailboxes.note_bounce(address=report.address, is_final=is_final, code=code)
