"""The endpoints of a new password."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api import limits
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import password_change
from apps.core.errors import Invalid, ReauthRequired, TooMany, Unavailable
from apps.core.http.client import address_of
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.views import ApiView


class ForgotPassword(SignInView):
    """A code for whoever forgot their password."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=8, redis=4),
        request=serializers.PasswordForgotten,
        status=204,
        errors=(TooMany,),
    )
    def post(self, request: Request) -> HttpResponse:
        """Mail a code to an address, good for `POST auth/password/reset`.

        The answer is the same whether or not anybody has an account there.
        """
        limits.door(address_of(request))
        limits.code_mail(self.payload["email"])
        password_change.forgot(**self.payload)
        return self.nothing()


class ResetPassword(SignInView):
    """A new password by a code."""

    @operation(
        permission=Public,
        limit="auth",
        # Ending one of twenty sessions takes three statements and a trip.
        budget=Budget(queries=80, redis=24),
        request=serializers.PasswordReset,
        status=204,
        errors=(
            Invalid,
            errors.CodeInvalid,
            errors.CodeExpired,
            errors.AddressTaken,
            TooMany,
            Unavailable,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Set a new password with the code from the mail, then sign in with it.

        Signs you out on all devices. A code is good for ten minutes and five tries.
        """
        told = self.payload
        limits.door(address_of(request))
        limits.code_try_at(told["email"])
        password_change.reset(**told)
        return self.nothing()


class Password(ApiView):
    """The password of the account that asks."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=80, redis=24),
        request=serializers.PasswordChange,
        status=204,
        errors=(Invalid, errors.PasswordWrong, ReauthRequired, TooMany, Unavailable),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Change your password, and sign out on all your other devices."""
        limits.proof(self.actor.id)
        password_change.change(actor=self.actor, **self.payload)
        return self.nothing()
