"""The wire shapes of notifications, version 1."""

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import Input, Output
from apps.notifications import rendering
from apps.notifications.api.v1.preferences import CategoryField
from apps.notifications.kinds import Topic
from apps.notifications.models import Notification as NotificationRow

_MOST_IDS = 500
_MOST_REPORTS = 100


class Notification(Output):
    """Something you should know."""

    id = serializers.UUIDField()
    kind = serializers.CharField(help_text="What happened, for choosing an icon: comment_created…")
    category = CategoryField(help_text="What is of a later category says `social`.")
    topic = serializers.CharField(
        source="category", help_text="Its category, the later ones as well: more may come."
    )
    title = serializers.SerializerMethodField(help_text="In the language of your account.")
    body = serializers.SerializerMethodField()
    target_type = serializers.CharField(help_text="What it is about: post…; empty for nothing.")
    target_id = serializers.UUIDField(allow_null=True)
    link = serializers.CharField(help_text="What to open in the app; empty for nothing.")
    seen_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def get_title(self, row: NotificationRow) -> str:
        return rendering.title_of(row.kind, row.data, row.language)

    def get_body(self, row: NotificationRow) -> str:
        return rendering.body_of(row.kind, row.data, row.language)


class InboxEvent(Output):
    """The `data` of one event; its name says which member is there."""

    notification = Notification(
        required=False, help_text="`notification`: it is new or has changed, and is now like this."
    )
    notification_id = serializers.UUIDField(required=False, help_text="`archived`: it is put away.")
    unread = serializers.IntegerField(required=False, help_text="`unread`: how many there are now.")
    topic = serializers.ChoiceField(
        choices=Topic.values, required=False, help_text="`hint`: what to ask for again."
    )
    reason = serializers.ChoiceField(
        choices=("token_expired", "session_over", "replaced", "restart", "slow"),
        required=False,
        help_text="`close`: why this is the end.",
    )


class UnreadCount(Output):
    unread = serializers.IntegerField(help_text="What lies in the inbox and was not read.")


class Marks(Input):
    """Either some notifications by their ids, or one and all older ones."""

    default_error_messages = {"choice": "Give either ids or up_to."}

    ids = serializers.ListField(
        child=serializers.UUIDField(), min_length=1, max_length=_MOST_IDS, required=False
    )
    up_to = serializers.UUIDField(required=False)

    def validate_ids(self, ids: list[Any]) -> list[Any]:
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError("Name each notification once.", code="repeated")
        return ids

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            self.fail("choice")
        return attrs


class MarkResult(Output):
    """What became of one item."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["applied", "refused"])
    code = serializers.CharField(help_text="Why it was refused: `not_found`; else empty.")


class MarkResults(Output):
    results = MarkResult(many=True)
    unread = serializers.IntegerField(help_text="What is left.")


class PushReport(Input):
    """What a phone has to say about one push; the push itself carries both ids."""

    notification_id = serializers.UUIDField()
    delivery_id = serializers.UUIDField()
    event = serializers.ChoiceField(
        choices=["delivered", "opened"], help_text="It arrived, or somebody tapped it."
    )


class PushReports(Input):
    reports = serializers.ListField(
        child=PushReport(), min_length=1, max_length=_MOST_REPORTS, help_text="Oldest first."
    )

    def validate_reports(self, reports: list[Any]) -> list[Any]:
        if len({one["delivery_id"] for one in reports}) < len(reports):
            raise serializers.ValidationError("Name each delivery once.", code="repeated")
        return reports
