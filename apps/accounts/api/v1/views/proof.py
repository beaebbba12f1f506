"""The endpoints of proving again who one is."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api import limits
from apps.accounts.api.authentication import SessionClaim
from apps.accounts.api.v1 import serializers
from apps.accounts.services import proof
from apps.core.errors import TooMany, Unavailable
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class Reauthenticate(ApiView):
    """A fresh proof of who asks."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=10, redis=2),
        request=serializers.Reauthentication,
        response=serializers.FreshAccess,
        errors=(
            errors.PasswordWrong,
            errors.CodeInvalid,
            errors.CodeExpired,
            errors.MfaCodeInvalid,
            errors.ProofMissing,
            TooMany,
            Unavailable,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Prove again who you are.

        With your password, a code from `POST me/reauthenticate/code`, or one of your authenticator app. For five
        minutes the new access token opens what asks for a recent proof (403 `reauth_required`).
        """
        told, claim = self.payload, request.auth
        assert isinstance(claim, SessionClaim)  # noqa: S101
        limits.proof(self.actor.id)
        leaf = proof.Leaf(claim.generation, claim.leaf)
        return self.answer(proof.prove(actor=self.actor, leaf=leaf, **told))


class ReauthenticationCode(ApiView):
    """A code in place of the password."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=10, redis=3),
        request=Empty,
        status=204,
        errors=(errors.NoAddress, TooMany),
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Mail a code to your address, good for `POST me/reauthenticate` from this device alone."""
        limits.code_mail(selectors.address_of(self.actor))
        proof.send_code(actor=self.actor)
        return self.nothing()
