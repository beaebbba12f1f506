"""Signing in with Apple and Google on the wire: the phone brings an ID token."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.providers.id_tokens import Provider
from apps.accounts.services import social
from apps.core.errors import TooMany, Unavailable
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public

_ERRORS = (
    errors.IdTokenInvalid,
    errors.MfaRequired,
    errors.AccountDisabled,
    errors.AccountDeleted,
    errors.AddressInUse,
    errors.ProviderNotConfigured,
    errors.ProviderUnavailable,
    TooMany,
    Unavailable,
)


class _Social(SignInView):
    provider: Provider

    def enter(self, request: Request) -> HttpResponse:
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        return self.answer(social.sign_in(provider=self.provider, origin=origin, **told))


class Apple(_Social):
    """A sign-in with Apple."""

    provider = "apple"

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=24, redis=3),
        request=serializers.AppleLogin,
        response=serializers.SignedIn,
        errors=_ERRORS,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in with Apple's ID token.

        The first time, an account is made, or, where one has proven the address that Apple vouches for, linked. 409
        `address_in_use` means that the account with this address knows you from another issuer: sign in to it by a
        mailed code once.
        """
        return self.enter(request)


class Google(_Social):
    """A sign-in with Google."""

    provider = "google"

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=24, redis=3),
        request=serializers.SocialLogin,
        response=serializers.SignedIn,
        errors=_ERRORS,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in with Google's ID token.

        As with Apple; Google vouches for addresses at gmail.com and of its Workspace customers, others are proven by a
        mailed code.
        """
        return self.enter(request)
