"""Becoming somebody: an account, and the proof of its address."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api import limits
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import passwords, registration
from apps.core.errors import Invalid, TooMany, Unavailable
from apps.core.http.client import address_of
from apps.core.http.errors import domain_problem
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class Register(SignInView):
    """A new account."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=14, redis=4),
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
        limits.door(address_of(request))
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
        budget=Budget(queries=10, redis=3),
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
