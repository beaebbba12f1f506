"""What is said and answered at the doors: registering, signing in, refreshing."""

import jwt
from rest_framework import serializers

from apps.accounts.api.v1.serializers.fields import (
    AddressField,
    AppleCodeField,
    CodeField,
    IdTokenField,
    NonceField,
    PasswordField,
)
from apps.accounts.providers.id_tokens import PROVIDERS
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
_NOT_APPLES = serializers.ErrorDetail("Only Apple hands this out.", "not_apples")
_MISSING = serializers.ErrorDetail("This field is required.", "required")


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
    id_token = IdTokenField()
    nonce = NonceField()
    display_name = NameField(
        max_length=80, required=False, allow_blank=True, help_text="For a new account."
    )
    locale = LocaleField(required=False, help_text="Language of mail and messages.")
    time_zone = TimeZoneField(required=False)
    device = DeviceInfo(required=False)


class AppleLogin(SocialLogin):
    authorization_code = AppleCodeField()


class GuestStart(Input):
    locale = LocaleField(required=False, help_text="Language of messages.")
    time_zone = TimeZoneField(required=False)
    device = DeviceInfo(required=False)


class GuestUpgrade(Input):
    """One way to sign in from now on: an address and a password, or an ID token of Apple's or Google's."""

    default_error_messages = {
        "one_way": "Send `email` and `password`, or `provider`, `id_token` and `nonce`."
    }
    _BY_PASSWORD = ("email", "password")
    _BY_TOKEN = ("provider", "id_token", "nonce")

    email = AddressField(required=False)
    password = PasswordField(required=False, help_text="At least 12 characters.")
    provider = serializers.ChoiceField(choices=PROVIDERS, required=False)
    id_token = IdTokenField(required=False)
    nonce = NonceField(required=False)
    authorization_code = AppleCodeField()
    display_name = NameField(max_length=80, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        by_token = attrs.keys() & {*self._BY_TOKEN, "authorization_code"}
        if by_token and attrs.keys() & set(self._BY_PASSWORD):
            self.fail("one_way")
        needed = self._BY_TOKEN if by_token else self._BY_PASSWORD
        faults = {name: [_MISSING] for name in needed if name not in attrs}
        if "authorization_code" in attrs and attrs.get("provider") != "apple":
            faults["authorization_code"] = [_NOT_APPLES]
        if faults:
            raise serializers.ValidationError(faults)
        return attrs


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
