"""Shapes of public keys."""

from rest_framework import serializers

from apps.core.http.serializers import Output


class JWK(Output):
    """A public key (RFC 8037)."""

    kid = serializers.CharField()
    kty = serializers.CharField()
    crv = serializers.CharField()
    alg = serializers.CharField()
    use = serializers.CharField()
    x = serializers.CharField()


class JWKSet(Output):
    """The public keys that may have signed a token."""

    keys = JWK(many=True)
