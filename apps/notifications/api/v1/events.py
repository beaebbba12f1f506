"""Events on the wire, version 1."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.serializers import shared
from apps.core.http.views import ApiView
from apps.notifications.api.v1 import serializers
from apps.notifications.errors import StreamsFull, TooManyStreams
from apps.notifications.streaming import opening
from apps.notifications.streaming.wire import Subscription


class Events(ApiView):
    """An inbox as it changes."""

    @operation(
        permission=SignedIn,
        limit="stream",
        budget=Budget(queries=1, bytes=80_000),
        response=serializers.InboxEvent,
        errors=(TooManyStreams, StreamsFull),
        stream=True,
    )
    def get(self, request: Request) -> HttpResponse:
        """Follow your inbox while the app is open: server-sent events.

        `unread` comes first, and whenever the number changes; `notification` for each that is new or has changed;
        `archived` for each that left; `hint` when there is something to ask for again. Open the stream, then read the
        inbox: from there on nothing is missed. An event may come twice, so keep notifications by their `id`.

        After a cut, wait as long as `retry` says and send the last `id` as `Last-Event-ID`: what happened meanwhile is
        told first. Where it can't be told, `resync` asks you to read the inbox again.

        `close` says why a stream ends: `token_expired` (come back with a fresh token), `restart` and `slow` (come
        back), `session_over` (sign in), `replaced` (the same session has opened newer ones: stay away). Comments come
        every twenty seconds; after a minute of silence, take the connection for dead.
        """
        self.parameters  # noqa: B018 - refuses what is not known
        assert self.actor.id  # noqa: S101 - nobody else gets in
        claim: Any = request.auth
        who = Subscription(self.actor.id, claim.session_id, claim.expires_at)
        shape = shared(serializers.Notification).to_representation
        return opening.begin(who, last_id=request.headers.get("Last-Event-ID", ""), shape=shape)
