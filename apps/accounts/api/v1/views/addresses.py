"""The endpoints of another address."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api import limits
from apps.accounts.api.v1 import serializers
from apps.accounts.services import addresses
from apps.core.errors import TooMany
from apps.core.http.errors import domain_problem
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import SignedIn
from apps.core.http.views import ApiView


class EmailChange(ApiView):
    """Another address."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=10, redis=3),
        request=serializers.EmailChange,
        status=204,
        errors=(errors.GuestHasNoAddress, TooMany),
        idempotent=True,
        fresh=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Mail a code to the address that you want to move to, good for `POST me/email/confirm`.

        Nothing changes until then. The answer is the same whether or not the address belongs to somebody else.
        """
        limits.code_mail(self.payload["email"])
        addresses.ask_for_change(actor=self.actor, **self.payload)
        return self.nothing()


class EmailConfirmation(ApiView):
    """The proof of another address."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=14, redis=2),
        request=serializers.EmailConfirmation,
        response=serializers.User,
        errors=(errors.CodeInvalid, errors.CodeExpired, errors.AddressTaken, TooMany),
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Move to the new address with the code that was mailed there; the old address is told."""
        limits.code_try(self.actor.id)
        try:
            return self.answer(addresses.confirm_change(actor=self.actor, **self.payload))
        except errors.CodeInvalid as wrong:
            # Answered and not raised: a keyed request would roll the counted try back.
            return domain_problem(wrong)
