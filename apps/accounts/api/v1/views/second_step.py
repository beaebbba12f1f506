"""The second step on the wire: asked at sign-in, turned on and off by whoever is signed in."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts import errors, selectors
from apps.accounts.api import limits
from apps.accounts.api.origin import origin_of
from apps.accounts.api.v1 import serializers
from apps.accounts.api.v1.views.signing_in import SignInView
from apps.accounts.services import entering, second_step
from apps.core.errors import TooMany
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Empty
from apps.core.http.views import ApiView


class MfaChallenge(SignInView):
    """The second step of a sign-in."""

    @operation(
        permission=Public,
        limit="auth",
        budget=Budget(queries=22, redis=3),
        request=serializers.MfaAnswer,
        response=serializers.SignedIn,
        errors=(
            errors.MfaCodeInvalid,
            errors.ChallengeExpired,
            errors.AccountDisabled,
            errors.AccountDeleted,
            TooMany,
        ),
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Sign in with the second step, after 401 `mfa_required`.

        A challenge is good for five minutes, five tries and one sign-in; after that it is 410 `challenge_expired`, and
        signing in starts over. A code is good once: after a lost answer wait for the app's next one.
        """
        told = self.payload
        origin = origin_of(request, told.pop("device", None))
        limits.second_step(entering.account_asked(told["challenge"]))
        return self.answer(entering.take_second_step(origin=origin, **told))


class Totp(ApiView):
    """The authenticator app of the account."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1),
        response=serializers.MfaStatus,
    )
    def get(self, request: Request) -> HttpResponse:
        """Read whether the second step is on, and how many recovery codes are left."""
        return self.read(selectors.second_step_of, self.actor)

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=9, redis=2),
        request=Empty,
        response=serializers.TotpEnrolment,
        status=201,
        errors=(errors.MfaAlreadyOn, errors.GuestAccount),
        fresh=True,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Begin to set up an authenticator app.

        Nothing is asked for at sign-in until the app's first code confirms it (`POST me/mfa/totp/confirm`). Asked again
        before that, another secret takes the place of the first.
        """
        return self.answer(second_step.enrol(actor=self.actor))

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=10, redis=2),
        status=204,
        fresh=True,
    )
    def delete(self, request: Request) -> HttpResponse:
        """Turn the second step off; recovery codes go with it."""
        second_step.disable(actor=self.actor)
        return self.nothing()


class TotpConfirm(ApiView):
    """The first code of an authenticator app."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=12, redis=2),
        request=serializers.TotpConfirmation,
        response=serializers.RecoveryCodes,
        errors=(errors.MfaCodeInvalid, errors.MfaNotEnrolled, errors.MfaAlreadyOn, TooMany),
        fresh=True,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Turn the second step on, and receive the recovery codes.

        After a lost answer, 409 `mfa_already_on` means that it had worked; `POST me/mfa/recovery-codes` makes new
        codes.
        """
        limits.second_step(self.actor.id)
        codes = second_step.confirm(actor=self.actor, **self.payload)
        return self.answer({"codes": codes})


class RecoveryCodes(ApiView):
    """Codes for the day the authenticator app is lost."""

    @operation(
        permission=SignedIn,
        limit="auth",
        budget=Budget(queries=9, redis=2),
        request=Empty,
        response=serializers.RecoveryCodes,
        status=201,
        errors=(errors.MfaOff,),
        fresh=True,
        secret=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Make new recovery codes; earlier ones stop working."""
        return self.answer({"codes": second_step.renew_recovery_codes(actor=self.actor)})
