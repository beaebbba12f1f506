"""Notifications on the wire, version 1."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView
from apps.notifications import selectors
from apps.notifications.api.v1 import serializers
from apps.notifications.services import marking


class Inbox(ApiView):
    """What somebody was told."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=120_000),
        response=Page(serializers.Notification),
    )
    def get(self, request: Request) -> HttpResponse:
        """List what you were told, newest first.

        A push carries the same `notification_id`: the app drops a push whose id it has shown already.
        """
        return self.page(selectors.inbox_of, self.actor)


class Unread(ApiView):
    """The number on the app's icon."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=100),
        response=serializers.UnreadCount,
    )
    def get(self, request: Request) -> HttpResponse:
        """Count what you have not read."""
        return self.answer({"unread": selectors.unread_count(self.actor)})


class Read(ApiView):
    """What somebody has read."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=7, bytes=60_000),
        request=serializers.ReadMarks,
        response=serializers.ReadResults,
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Mark notifications as read: up to 500 by their ids, or one and everything older.

        Answers item by item: one that is not yours is `refused` with `not_found` and the others are applied. Repeating
        is harmless; no push rings any more for what is read.
        """
        return self.answer(marking.mark_read(actor=self.actor, **self.payload))
