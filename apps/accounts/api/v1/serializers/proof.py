"""Shapes of proving again who one is."""

from typing import Any

from rest_framework import serializers

from apps.accounts.api.v1.serializers.fields import CodeField, PasswordField
from apps.core.http.serializers import Input, Output


class Reauthentication(Input):
    """One proof. A guest, who has none of them, sends an empty object."""

    default_error_messages = {"one_proof": "Send one proof: `password`, `code` or `totp`."}

    password = PasswordField(required=False)
    code = CodeField(required=False)
    totp = CodeField(required=False, help_text="Six digits, from the authenticator app.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) > 1:
            self.fail("one_proof")
        return attrs


class FreshAccess(Output):
    """An access token that carries the proof; the refresh token stays what it was."""

    access = serializers.CharField(help_text="Use it from here on in place of the one you had.")
    expires_in = serializers.IntegerField(help_text="Seconds that it is good for.")
