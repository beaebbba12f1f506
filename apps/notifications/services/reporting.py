"""The phone says what became of a push: it arrived, somebody tapped it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from apps.core.actors import Actor
from apps.notifications.kinds import Channel
from apps.notifications.models import Delivery
from apps.notifications.models.delivery import State
from apps.notifications.services.marking import Marking, locked_inbox, mark_read, result

type Report = Mapping[str, Any]


def note_reports(*, actor: Actor, reports: Sequence[Report]) -> Marking:
    """Note what the actor's phones say of pushes: `delivery_id`, its `notification_id`, and the `event`. Commits.

    What was opened is read. A phone's word counts even before the service's own answer was heard, and nothing that it
    says later takes back what it said. Answers item by item; what was never sent to the actor is `not_found`.
    """
    with transaction.atomic():
        locked_inbox(actor=actor)
        known = _sent_to(actor, reports)
        arrived = [one for one in reports if one["delivery_id"] in known]
        opened = [one for one in arrived if one["event"] == State.OPENED]
        first = {"accepted_at": Coalesce("accepted_at", Now()), "next_attempt_at": None}
        came = {**first, "delivered_at": Coalesce("delivered_at", Now())}
        _rows(opened).move(State.OPENED, **came, opened_at=Now())
        _rows(arrived).move(State.DELIVERED, **came)
        read = mark_read(actor=actor, ids=list({one["notification_id"] for one in opened}))
    results = [result(one["delivery_id"], known=one["delivery_id"] in known) for one in reports]
    return Marking(results, read.unread)


def _sent_to(actor: Actor, reports: Sequence[Report]) -> set[uuid.UUID]:
    mine = _rows(reports).filter(notification__recipient=actor.id, attempts__gt=0)
    # Of a mail, no phone knows.
    mine = mine.filter(channel=Channel.PUSH)
    return set(mine.values_list("pk", flat=True))


def _rows(reports: Sequence[Report]) -> Any:
    return Delivery.objects.filter(
        notification__in=[one["notification_id"] for one in reports],
        pk__in=[one["delivery_id"] for one in reports],
    )
