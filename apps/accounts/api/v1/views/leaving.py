"""Coming back in time."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import deletion
from apps.core.errors import TooMany
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public


class Restore(SignInView):
    """The way back into a deleted account."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=16, redis=4),
        request=serializers.Restoration,
        response=serializers.SignedIn,
        errors=(errors.RestoreExpired, errors.AccountDisabled, TooMany),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Restore your deleted account and sign this device in.

        Every way of signing in to an account that is being deleted answers 403 `account_deleted` with `restore`; for
        ten minutes that is the proof to send here. After `purged_after` there is nothing left to restore.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        return self.answer(deletion.restore_account(origin=origin, **told))
