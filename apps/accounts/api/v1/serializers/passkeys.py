"""Shapes of passkeys; the ceremonies themselves are WebAuthn's JSON, which phones pass on unread."""

import json
from typing import Any

from rest_framework import serializers

from apps.accounts.api.v1.serializers.signing_in import DeviceInfo
from apps.core.http.serializers import Input, NameField, Output

_MAX_CREDENTIAL = 16_384


class CredentialField(serializers.DictField):
    """What the phone's passkey API returned, as JSON (WebAuthn Level 3 §5.1, `toJSON`)."""

    default_error_messages = {"too_long": "No authenticator says this much."}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and len(json.dumps(data)) > _MAX_CREDENTIAL:
            self.fail("too_long")
        return super().to_internal_value(data)


class PasskeyOptions(Output):
    """What the phone's passkey API is given, unread."""

    public_key = serializers.DictField(
        help_text="WebAuthn's JSON: `PublicKeyCredentialRequestOptionsJSON`, or `…CreationOptionsJSON`."
    )


class PasskeyAssertion(Input):
    credential = CredentialField(help_text="`AuthenticationResponseJSON`.")
    device = DeviceInfo(required=False)


class PasskeyCreate(Input):
    credential = CredentialField(help_text="`RegistrationResponseJSON`.")
    name = NameField(max_length=80, required=False, help_text="Such as the phone's model.")


class PasskeyChange(Input):
    name = NameField(max_length=80)


class Passkey(Output):
    """A key on a phone or in its maker's cloud that signs in to this account."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    is_backed_up = serializers.BooleanField(help_text="It survives the loss of the phone.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
