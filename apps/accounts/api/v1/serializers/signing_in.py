"""What is said and answered at the doors: registering, signing in, refreshing."""

import jwt
from rest_framework import serializers

from apps.accounts.api.v1.serializers.fields import AddressField, CodeField, PasswordField
from apps.core.clients import PLATFORMS
from apps.core.http.serializers import (
    Input,
    InstallationField,
    LocaleField,
    NameField,
    Output,
    TimeZoneField,
)

# 32 bytes in base64url.
_COORDINATE = r"\A[A-Za-z0-9_-]{43}\Z"


class DeviceKey(Input):
    """A public key as JWK (RFC 7517)."""

    kty = serializers.ChoiceField(choices=["EC"])
    crv = serializers.ChoiceField(choices=["P-256"])
    x = serializers.RegexField(_COORDINATE, max_length=43)
    y = serializers.RegexField(_COORDINATE, max_length=43)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        try:
            jwt.PyJWK(attrs, algorithm="ES256")
        except (jwt.PyJWTError, ValueError) as fault:
            raise serializers.ValidationError("This is no point of P-256.", "no_key") from fault
        return attrs


class DeviceInfo(Input):
    """What the phone says of itself."""

    installation_id = InstallationField()
    platform = serializers.ChoiceField(choices=PLATFORMS)
    app_version = NameField(max_length=40, required=False)
    os_version = NameField(max_length=40, required=False)
    model = NameField(max_length=80, required=False)
    locale = LocaleField(required=False)
    time_zone = TimeZoneField(required=False)
    public_key = DeviceKey(
        required=False,
        help_text="Of a pair that never leaves the device: the session is refreshed with its proof only.",
    )


class Registration(Input):
    email = AddressField()
    password = PasswordField(help_text="At least 12 characters.")
    display_name = NameField(max_length=80, required=False, allow_blank=True)
    locale = LocaleField(required=False, help_text="Language of mail and messages.")
    time_zone = TimeZoneField(required=False)
    device = DeviceInfo(required=False)


class Login(Input):
    email = AddressField()
    password = PasswordField()
    device = DeviceInfo(required=False)


class LoginCodeRequest(Input):
    email = AddressField()


class LoginCode(Input):
    email = AddressField()
    code = CodeField()
    device = DeviceInfo(required=False)


class SocialLogin(Input):
    id_token = serializers.CharField(max_length=10_240, help_text="As the phone received it.")
    nonce = serializers.CharField(
        min_length=16,
        max_length=128,
        help_text="The random value of this sign-in, as the app made it. Apple is given its SHA-256 in hex.",
    )
    display_name = NameField(
        max_length=80, required=False, allow_blank=True, help_text="For a new account."
    )
    locale = LocaleField(required=False, help_text="Language of mail and messages.")
    time_zone = TimeZoneField(required=False)
    device = DeviceInfo(required=False)


class AppleLogin(SocialLogin):
    authorization_code = serializers.CharField(
        max_length=512, required=False, help_text="Needed to sign out at Apple on deletion."
    )


class GuestStart(Input):
    locale = LocaleField(required=False, help_text="Language of messages.")
    time_zone = TimeZoneField(required=False)
    device = DeviceInfo(required=False)


class GuestUpgrade(Input):
    email = AddressField()
    password = PasswordField(help_text="At least 12 characters.")
    display_name = NameField(max_length=80, required=False, allow_blank=True)


class Refresh(Input):
    refresh = serializers.CharField(max_length=2_048)
    attempt = serializers.CharField(
        max_length=128,
        required=False,
        help_text="A random value made for this attempt and repeated with its retries.",
    )


class EmailVerification(Input):
    code = CodeField()


class User(Output):
    id = serializers.UUIDField()
    email = serializers.EmailField(source="address", allow_null=True)
    display_name = serializers.CharField()
    is_guest = serializers.BooleanField()
    email_verified = serializers.BooleanField()


class SignedIn(Output):
    """Credentials: keep both in secure storage before the first use."""

    access = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    refresh = serializers.CharField(help_text="Good once; exchange it for the next pair.")
    expires_in = serializers.IntegerField(help_text="Seconds that the access token is good for.")
    user = User()
