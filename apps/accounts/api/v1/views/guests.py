"""Guests on the wire: using the app first, saying who one is later."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api import limits
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import guests
from apps.core.errors import Invalid, TooMany, Unavailable
from apps.core.http.client import address_of
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.views import ApiView

_UPGRADE_ERRORS = (
    Invalid,
    errors.NotGuest,
    errors.IdentityTaken,
    errors.AddressInUse,
    errors.IdTokenInvalid,
    errors.ProviderNotConfigured,
    errors.ProviderUnavailable,
    TooMany,
    Unavailable,
)


class Guest(SignInView):
    """A new guest."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=12, redis=2),
        request=serializers.GuestStart,
        response=serializers.SignedIn,
        status=201,
        errors=(TooMany,),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Start as a guest.

        The session of this device is the only way to a guest's account: keep its tokens, and offer `POST
        auth/guest/upgrade` before signing out.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        limits.new_guest(address_of(request))
        return self.answer(guests.start(origin=origin, **told))


class GuestUpgrade(ApiView):
    """A guest who says who they are."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=12, redis=3),
        request=serializers.GuestUpgrade,
        response=serializers.User,
        errors=_UPGRADE_ERRORS,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Give a guest's account a way to sign in; everything in it stays, and so does the session.

        With an address and a password, a six-digit code is mailed to the address (`POST auth/verify-email`), and as at
        registration the answer says nothing about other accounts. With an ID token of Apple's or Google's, the identity
        opens this account from now on. Nothing is ever merged: 409 `identity_taken` and `address_in_use` say that
        another account has the identity or the address it vouches for, and change nothing. Let the person sign in to
        that account, or stay a guest. The same request may be repeated after a lost answer.
        """
        told = self.payload
        if "id_token" in told:
            return self.answer(guests.upgrade_with_identity(actor=self.actor, **told))
        limits.code_mail(told["email"])
        return self.answer(guests.upgrade(actor=self.actor, **told))
