"""Signing in, staying signed in, signing out."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api import limits
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.services import rotation, sessions, signing_in
from apps.core.errors import TooMany, Unavailable
from apps.core.http import device_proof
from apps.core.http.client import address_of
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class SignInView(ApiView):
    """A door that is open to whoever holds an access token past its time: the token is not looked at."""

    authentication_classes = ()


class Login(SignInView):
    """A sign-in by password."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=18, redis=5),
        request=serializers.Login,
        response=serializers.SignedIn,
        errors=(
            errors.InvalidCredentials,
            errors.MfaRequired,
            errors.AccountDisabled,
            errors.AccountDeleted,
            TooMany,
            Unavailable,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in.

        A device that signs in again to the same account replaces its earlier session. The answer to a wrong password
        and to an unknown address is the same. Where the second step is on, the right password is answered by 401
        `mfa_required` with a `challenge` for `POST auth/mfa/challenge`.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        limits.door(address_of(request))
        limits.sign_in(told["email"], origin.installation_id)
        return self.answer(signing_in.sign_in(origin=origin, **told))


class LoginByCode(SignInView):
    """A sign-in without a password: the code."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=8, redis=4),
        request=serializers.LoginCodeRequest,
        status=204,
        errors=(TooMany,),
    )
    def post(self, request: Request) -> HttpResponse:
        """Mail a code to an address, good for `POST auth/login/code/confirm`.

        The answer is the same whether or not anybody has an account there.
        """
        limits.door(address_of(request))
        limits.code_mail(self.payload["email"])
        signing_in.send_code(**self.payload)
        return self.nothing()


class LoginByCodeConfirm(SignInView):
    """A sign-in without a password: the code typed in."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=20, redis=5),
        request=serializers.LoginCode,
        response=serializers.SignedIn,
        errors=(
            errors.CodeInvalid,
            errors.CodeExpired,
            errors.MfaRequired,
            errors.AccountDisabled,
            errors.AccountDeleted,
            TooMany,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in with the code from the mail.

        A code is good for ten minutes, five tries and one sign-in; after a lost answer ask for another.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        limits.door(address_of(request))
        limits.code_try_at(told["email"])
        return self.answer(signing_in.sign_in_with_code(origin=origin, **told))


class Refresh(SignInView):
    """The next pair of tokens."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=4, redis=2),
        request=serializers.Refresh,
        response=serializers.SignedIn,
        errors=(errors.TokenInvalid, errors.SessionRevoked, TooMany, Unavailable),
        device_proof="bound",
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Exchange a refresh token for the next pair.

        Refresh from one place at a time, store the new pair before using it, and after a lost answer send the same
        token again with the same `attempt`. A refresh token that was used and followed by newer ones ends the session
        when it returns. Sign out locally only on 401 `session_revoked`.

        A session that began with `device.public_key` is refreshed by that device only: send a new proof with each
        request, also with a repeated one; its `ath` is the hash of the refresh token.
        """
        told = self.payload
        token = told.pop("refresh")
        proven = device_proof.shown(request, token, needs_memory=False)
        origin = origin_of(request)
        return self.answer(rotation.refresh(token=token, origin=origin, proven_key=proven, **told))


class Logout(ApiView):
    """The end of the session that asks."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=6, redis=2),
        request=Empty,
        status=204,
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device out; its tokens are refused from here on."""
        sessions.sign_out(actor=self.actor)
        return self.nothing()
