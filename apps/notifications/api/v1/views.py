"""Notifications on the wire, version 1."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView
from apps.notifications import selectors
from apps.notifications.api.v1 import preferences, serializers
from apps.notifications.services import marking, reporting
from apps.notifications.services.preferences import set_preferences

_MARKING: dict[str, Any] = {
    "permission": SignedIn,
    "limit": "write",
    "budget": Budget(queries=7, bytes=60_000),
    "request": serializers.Marks,
    "response": serializers.MarkResults,
    "idempotent": True,
}


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


class Seen(ApiView):
    """What was on somebody's screen."""

    @operation(**_MARKING)
    def post(self, request: Request) -> HttpResponse:
        """Mark notifications as seen: up to 500 by their ids, or one and everything older.

        Answers as `POST notifications/read`. Seen is not read: phones still ring for it.
        """
        return self.answer(marking.mark_seen(actor=self.actor, **self.payload))


class Read(ApiView):
    """What somebody has read."""

    @operation(**_MARKING)
    def post(self, request: Request) -> HttpResponse:
        """Mark notifications as read: up to 500 by their ids, or one and everything older.

        Answers item by item: one that is not yours is `refused` with `not_found` and the others are applied. Repeating
        is harmless; no push rings any more for what is read.
        """
        return self.answer(marking.mark_read(actor=self.actor, **self.payload))


class Archive(ApiView):
    """What somebody does not want to see any more."""

    @operation(**_MARKING)
    def post(self, request: Request) -> HttpResponse:
        """Put notifications away: up to 500 by their ids, or one and everything older.

        Answers as `POST notifications/read`. They leave the inbox and the unread count for good.
        """
        return self.answer(marking.archive(actor=self.actor, **self.payload))


class Opened(ApiView):
    """What phones say of pushes."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=10, bytes=12_000),
        request=serializers.PushReports,
        response=serializers.MarkResults,
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Report what became of up to 100 pushes: they arrived, or somebody tapped them.

        What was opened is read. Answers item by item; a push that was never sent to you is `refused` with `not_found`.
        """
        return self.answer(reporting.note_reports(actor=self.actor, **self.payload))


class Preferences(ApiView):
    """What somebody wants to hear, how, and when not."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=2_000),
        response=preferences.NotificationPreferences,
    )
    def get(self, request: Request) -> HttpResponse:
        """Show what you want to hear."""
        return self.answer(selectors.preference_of(self.actor))

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4, bytes=2_000),
        request=preferences.NotificationPreferencesChange,
        response=preferences.NotificationPreferences,
    )
    def patch(self, request: Request) -> HttpResponse:
        """Change what you want to hear; what you do not name stays as it is.

        Security messages can't be switched off. During quiet hours, by the clock of each device, a push waits for
        their end or expires; urgent ones pass, and so does mail. While muted, only what is urgent is pushed or mailed.
        """
        return self.answer(set_preferences(actor=self.actor, **self.payload))
