"""The endpoint of the keys that others may verify our tokens with."""

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from apps.accounts.api.v1 import serializers
from apps.accounts.tokens.ring import ring
from apps.core.http.operations import Budget, operation
from apps.core.http.permissions import Public
from apps.core.http.views import ApiView


class PublicKeys(ApiView):
    """The public keys of the ring."""

    authentication_classes = ()

    @operation(
        permission=Public, limit="anon", budget=Budget(queries=0), response=serializers.JWKSet
    )
    def get(self, request: Request) -> HttpResponse:
        """Read the public keys of access tokens.

        A JWK set (RFC 7517). Tokens name their key by `kid`; where it is not here, ask again before refusing, because
        keys are rotated. Empty while tokens are signed with a secret.
        """
        return self.answer({"keys": ring(tuple(settings.TOKEN_SIGNING_KEYS)).public})
