"""The wire shapes of devices, version 1."""

from rest_framework import serializers

from apps.core.clients import PLATFORMS
from apps.core.http.serializers import (
    Input,
    LocaleField,
    MomentField,
    NameField,
    Output,
    TimeZoneField,
)
from apps.devices.models import MAX_ADDRESS
from apps.devices.models import Device as DeviceRow


class DeviceState(Input):
    """All that the installation says of itself; what is left out is forgotten."""

    platform = serializers.ChoiceField(choices=PLATFORMS)
    os_version = NameField(max_length=40, default="", allow_blank=True)
    model = NameField(max_length=80, default="", allow_blank=True)
    app_version = NameField(max_length=40, default="", allow_blank=True)
    build = NameField(max_length=40, default="", allow_blank=True)
    locale = LocaleField(
        default="", allow_blank=True, help_text="Language of pushes to this device."
    )
    time_zone = TimeZoneField(default="", allow_blank=True)


class PushAddress(Input):
    """Where push finds the app on this device."""

    provider = serializers.ChoiceField(choices=DeviceRow.Provider.values)
    kind = serializers.ChoiceField(
        choices=DeviceRow.AddressKind.values,
        default=DeviceRow.AddressKind.TOKEN.value,
        help_text="A registration token, or a Firebase installation id.",
    )
    address = serializers.RegexField(
        r"\A[\x21-\x7e]+\Z", max_length=MAX_ADDRESS, help_text="Kept encrypted, never shown again."
    )
    environment = serializers.ChoiceField(
        choices=DeviceRow.Environment.values, default=DeviceRow.Environment.PRODUCTION.value
    )
    timestamp = MomentField(
        required=False,
        help_text="When the app got or last confirmed the address; now, if left out.",
    )


class Device(Output):
    """One installation of the app. Its push address is never shown."""

    installation_id = serializers.CharField()
    platform = serializers.ChoiceField(choices=PLATFORMS)
    os_version = serializers.CharField()
    model = serializers.CharField()
    app_version = serializers.CharField()
    build = serializers.CharField()
    locale = serializers.CharField()
    time_zone = serializers.CharField()
    session_id = serializers.UUIDField(
        allow_null=True, help_text="See `me/sessions`; null when nobody is signed in there."
    )
    push_provider = serializers.CharField(help_text="Empty while push does not reach the device.")
    push_environment = serializers.CharField()
    push_registered_at = serializers.DateTimeField(allow_null=True)
    push_silenced_reason = serializers.CharField(help_text="Why push stopped reaching the device.")
    last_seen_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


class Release(Output):
    """The versions of the app that are served on its platform."""

    minimum = serializers.CharField(help_text="Older versions get 426. Empty: none does.")
    recommended = serializers.CharField()
    latest = serializers.CharField()
    store_url = serializers.CharField()
    message = serializers.CharField(help_text="What to show to whoever should update.")
    update_recommended = serializers.BooleanField(
        help_text="This very app is older than the recommended version."
    )


class Maintenance(Output):
    """A time in which the service is away."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Null: not known yet.")
    message = serializers.CharField()


class Polling(Output):
    """When to ask again: after `interval` seconds and up to `jitter` more, a new random number each time."""

    interval = serializers.IntegerField()
    jitter = serializers.IntegerField()


class AppConfig(Output):
    """What the app is told at run time. Expect keys that you do not know, and do without those that you do."""

    config = serializers.DictField(child=serializers.JSONField(), help_text="Values by key.")
    flags = serializers.DictField(child=serializers.BooleanField(), help_text="Flags by key.")
    version = Release(allow_null=True, help_text="Null: nothing is decided for this platform.")
    maintenance = Maintenance(allow_null=True)
    polling = Polling()
