"""The wire shapes of accounts, version 1."""

import zoneinfo
from functools import lru_cache
from typing import Any

from rest_framework import serializers

from apps.accounts.querysets import one_spelling
from apps.core.clients import PLATFORMS
from apps.core.http.serializers import Input, NameField, Output

_MAX_PASSWORD_BYTES = 1_024


class AddressField(serializers.EmailField):
    """An email address, in its one spelling."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("invalid")
        try:
            return one_spelling(text)
        except UnicodeError:
            return self.fail("invalid")


class PasswordField(serializers.CharField):
    """Any characters, never trimmed or folded, up to 1,024 bytes of UTF-8."""

    default_error_messages = {"too_many_bytes": "A password has at most 1,024 bytes."}

    def __init__(self, **options: Any) -> None:
        super().__init__(
            trim_whitespace=False, max_length=_MAX_PASSWORD_BYTES, write_only=True, **options
        )

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if len(text.encode()) > _MAX_PASSWORD_BYTES:
            self.fail("too_many_bytes")
        return text


class LocaleField(serializers.RegexField):
    """A language tag (BCP 47), such as `de-AT`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35, **options)


class TimeZoneField(serializers.CharField):
    """A time zone by its IANA name, such as `Europe/Vienna`."""

    default_error_messages = {"unknown": "This is no IANA time zone."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name not in _time_zones():
            self.fail("unknown")
        return name


@lru_cache(maxsize=1)
def _time_zones() -> set[str]:
    return zoneinfo.available_timezones()


class InstallationField(serializers.RegexField):
    """The app's own id for this installation; the same as the header `X-Device-Id`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"\A[0-9A-Za-z._-]{1,64}\Z", max_length=64, **options)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class DeviceInfo(Input):
    """What the phone says of itself."""

    installation_id = InstallationField()
    platform = serializers.ChoiceField(choices=PLATFORMS)
    app_version = NameField(max_length=40, required=False)
    os_version = NameField(max_length=40, required=False)
    model = NameField(max_length=80, required=False)
    locale = LocaleField(required=False)
    time_zone = TimeZoneField(required=False)


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


class Refresh(Input):
    refresh = serializers.CharField(max_length=2_048)
    attempt = serializers.CharField(
        max_length=128,
        required=False,
        help_text="A random value made for this attempt and repeated with its retries.",
    )


class EmailVerification(Input):
    code = serializers.RegexField(
        r"\A[0-9]{6}\Z", max_length=6, help_text="Six digits, from the mail."
    )


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


class Me(User):
    """The account that asks."""

    tagged_by = ("rev",)

    locale = serializers.CharField()
    time_zone = serializers.CharField()
    created_at = serializers.DateTimeField()


class MeChange(Input):
    display_name = NameField(max_length=80, required=False, allow_blank=True)
    locale = LocaleField(required=False)
    time_zone = TimeZoneField(required=False)


class Session(Output):
    """One signed-in device."""

    id = serializers.UUIDField()
    name = serializers.CharField(help_text="Model or platform, empty if unknown.")
    platform = serializers.CharField()
    app_version = serializers.CharField()
    network = serializers.CharField(
        source="ip_prefix", help_text="Where it was last seen: the network, not the address."
    )
    signed_in_at = serializers.DateTimeField(source="auth_time")
    last_seen_at = serializers.DateTimeField()
    current = serializers.BooleanField(source="is_current", help_text="The device that asks.")
