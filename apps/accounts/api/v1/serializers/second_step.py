"""The second step at sign-in, and what turns it on and off."""

from rest_framework import serializers

from apps.accounts.api.v1.serializers.signing_in import DeviceInfo
from apps.core.http.serializers import Input, Output


class MfaAnswer(Input):
    challenge = serializers.CharField(max_length=64, help_text="From the problem `mfa_required`.")
    code = serializers.CharField(
        max_length=20, help_text="Six digits from the app, or one of the recovery codes."
    )
    device = DeviceInfo(required=False)


class MfaStatus(Output):
    """Whether a second step is asked for at sign-in."""

    enabled = serializers.BooleanField(source="totp_enabled")
    recovery_codes_left = serializers.IntegerField()


class TotpEnrolment(Output):
    """What an authenticator app needs. It is shown this once."""

    secret = serializers.CharField(help_text="Base32, for typing in.")
    uri = serializers.CharField(help_text="`otpauth://…`, for a QR code or a link to the app.")


class TotpConfirmation(Input):
    code = serializers.RegexField(
        r"\A[0-9]{6}\Z", max_length=6, help_text="Six digits, from the app."
    )


class RecoveryCodes(Output):
    """Codes to be kept somewhere else than on this phone. They are shown this once."""

    codes = serializers.ListField(child=serializers.CharField(), help_text="Each is good once.")
