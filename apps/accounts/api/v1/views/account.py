"""The account that asks, and the devices on which it is signed in."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api.v1 import serializers
from apps.accounts.services import deletion, profile, sessions
from apps.core.errors import Invalid, Stale
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView


class Me(ApiView):
    """The account that asks."""

    @operation(permission=SignedIn, limit="read", budget=Budget(queries=1), response=serializers.Me)
    def get(self, request: Request) -> HttpResponse:
        """Read your own account."""
        return self.read(selectors.account_of, self.actor)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=4),
        request=serializers.MeChange,
        response=serializers.Me,
        errors=(Invalid, Stale),
        if_match="optional",
    )
    def patch(self, request: Request) -> HttpResponse:
        """Change display name, language or time zone."""
        return self.answer(
            profile.change_profile(actor=self.actor, expected_rev=self.expected_rev, **self.payload)
        )

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=90, redis=22),
        response=serializers.AccountDeletion,
        status=202,
        fresh=True,
    )
    def delete(self, request: Request) -> HttpResponse:
        """Delete your account.

        It is signed out everywhere at once. Until `purged_after` signing in can restore it (`POST me/restore`); then
        all that belongs to it is erased, and a receipt is mailed. The account of a guest is erased at once.
        """
        return self.answer(deletion.delete_account(actor=self.actor))


class SessionList(ApiView):
    """The devices on which the account is signed in."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=40_000),
        response=Page(serializers.Session, order=("-id",)),
    )
    def get(self, request: Request) -> HttpResponse:
        """List your signed-in devices, newest sign-in first."""
        return self.page(selectors.devices_of, self.actor, here=self.actor.session_id)

    @operation(permission=SignedIn, limit="auth", budget=Budget(queries=64, redis=20), status=204)
    def delete(self, request: Request) -> HttpResponse:
        """Sign out on all your devices but this one."""
        sessions.end_other_sessions(actor=self.actor)
        return self.nothing()


class SessionDetail(ApiView):
    """One signed-in device."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=6, redis=2),
        status=204,
        errors=(errors.SessionNotFound,),
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Sign one of your devices out."""
        sessions.end_session(actor=self.actor, session_id=id)
        return self.nothing()
