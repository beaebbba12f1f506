"""Accounts on the wire, version 1."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api import limits
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.services import passwords, profile, registration, rotation, sessions, signing_in
from apps.core.errors import Invalid, Stale, TooMany, Unavailable
from apps.core.http.errors import domain_problem
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class SignInView(ApiView):
    """A door that is open to whoever holds an access token past its time: the token is not looked at."""

    authentication_classes = ()


class Register(SignInView):
    """A new account."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=14, redis=2),
        request=serializers.Registration,
        response=serializers.SignedIn,
        status=201,
        errors=(Invalid, TooMany, Unavailable),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Register with an address and a password.

        Makes an account, signs this device in and mails a six-digit code to the address (`POST auth/verify-email`).
        The answer is the same whether or not the address has an account already; if it has, its owner is told by mail
        and no code is sent.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        # First, so that whoever is still looking for a password has not used up the mails to their address.
        passwords.judge(**told)
        limits.code_mail(told["email"])
        return self.answer(registration.register(origin=origin, **told))


class VerifyEmail(ApiView):
    """The proof of an address."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=9, redis=2),
        request=serializers.EmailVerification,
        response=serializers.User,
        errors=(
            errors.CodeInvalid,
            errors.CodeExpired,
            errors.AlreadyVerified,
            errors.AddressTaken,
            TooMany,
        ),
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Prove the address of this account with the code from the mail.

        A code is good for ten minutes and five tries; after that, or once it was replaced, it answers 410
        `code_expired`. A wrong one is 400 `code_invalid`. After a lost answer, 409 `already_verified` means that it
        had worked.
        """
        code = self.payload["code"]
        limits.code_try(self.actor.id)
        try:
            return self.answer(registration.verify_email(actor=self.actor, code=code))
        except errors.CodeInvalid as wrong:
            # Answered and not raised: a keyed request would roll the counted try back.
            return domain_problem(wrong)


class ResendCode(ApiView):
    """Another code for the same address."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=10, redis=2),
        request=Empty,
        status=204,
        errors=(errors.AlreadyVerified, TooMany),
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Mail another code to the address that waits for its proof; codes sent before stop working."""
        limits.code_mail(selectors.claimed_address(self.actor))
        registration.send_code_again(actor=self.actor)
        return self.nothing()


class Login(SignInView):
    """A sign-in by password."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=16, redis=4),
        request=serializers.Login,
        response=serializers.SignedIn,
        errors=(errors.InvalidCredentials, errors.AccountDisabled, TooMany, Unavailable),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign this device in.

        A device that signs in again to the same account replaces its earlier session. The answer to a wrong password
        and to an unknown address is the same.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        limits.sign_in(told["email"], origin.installation_id)
        return self.answer(signing_in.sign_in(origin=origin, **told))


class Refresh(SignInView):
    """The next pair of tokens."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=4),
        request=serializers.Refresh,
        response=serializers.SignedIn,
        errors=(errors.TokenInvalid, errors.SessionRevoked, TooMany, Unavailable),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Exchange a refresh token for the next pair.

        Refresh from one place at a time, store the new pair before using it, and after a lost answer send the same
        token again with the same `attempt`. A refresh token that was used and followed by newer ones ends the session
        when it returns. Sign out locally only on 401 `session_revoked`.
        """
        told = self.payload
        return self.answer(
            rotation.refresh(
                token=told["refresh"], attempt=told.get("attempt", ""), origin=origin_of(request)
            )
        )


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
