"""Passkeys on the wire: signing in with one, making one, throwing one away."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import passkeys
from apps.core.errors import TooMany
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class PasskeyLoginOptions(SignInView):
    """The beginning of a sign-in with a passkey."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=3),
        request=Empty,
        response=serializers.PasskeyOptions,
        errors=(errors.ProviderNotConfigured, TooMany),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for a challenge to sign in with; any passkey of this product may answer it."""
        return self.answer({"public_key": passkeys.sign_in_options()})


class PasskeyLogin(SignInView):
    """A sign-in with a passkey."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=18, redis=3),
        request=serializers.PasskeyAssertion,
        response=serializers.SignedIn,
        errors=(
            errors.PasskeyInvalid,
            errors.ChallengeExpired,
            errors.AccountDisabled,
            errors.AccountDeleted,
            errors.ProviderNotConfigured,
            TooMany,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in with a passkey.

        No second step is asked for: the phone has checked its owner. A challenge is good for five minutes and one
        sign-in; after a lost answer begin again.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        return self.answer(passkeys.sign_in(origin=origin, **told))


class PasskeyOptions(ApiView):
    """The beginning of a new passkey."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=5),
        request=Empty,
        response=serializers.PasskeyOptions,
        errors=(errors.ProviderNotConfigured, errors.GuestAccount, errors.TooManyPasskeys),
        fresh=True,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask for what the phone needs to make a passkey."""
        return self.answer({"public_key": passkeys.registration_options(actor=self.actor)})


class PasskeyList(ApiView):
    """The passkeys of the account."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=40_000),
        response=Page(serializers.Passkey, order=("-id",)),
    )
    def get(self, request: Request) -> HttpResponse:
        """List your passkeys, the newest first."""
        return self.page(selectors.passkeys_of, self.actor)

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=12),
        request=serializers.PasskeyCreate,
        response=serializers.Passkey,
        status=201,
        errors=(
            errors.PasskeyRefused,
            errors.ChallengeExpired,
            errors.PasskeyTaken,
            errors.TooManyPasskeys,
            errors.ProviderNotConfigured,
        ),
        fresh=True,
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Register the passkey that the phone has made."""
        return self.answer(passkeys.register(actor=self.actor, **self.payload))


class PasskeyDetail(ApiView):
    """One passkey of the account."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=4),
        request=serializers.PasskeyChange,
        response=serializers.Passkey,
        errors=(errors.PasskeyNotFound,),
        fresh=True,
    )
    def patch(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Call a passkey something else."""
        return self.answer(passkeys.rename(actor=self.actor, passkey_id=id, **self.payload))

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=7),
        status=204,
        errors=(errors.PasskeyNotFound,),
        fresh=True,
    )
    def delete(self, request: Request, id: uuid.UUID) -> HttpResponse:
        """Forget a passkey; it signs in no more."""
        passkeys.remove(actor=self.actor, passkey_id=id)
        return self.nothing()
