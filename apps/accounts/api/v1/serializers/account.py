"""The account that asks, and its devices."""

from rest_framework import serializers

from apps.accounts.api.v1.serializers.signing_in import User
from apps.core.http.serializers import Input, LocaleField, NameField, Output, TimeZoneField


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
    signed_in_at = serializers.DateTimeField(source="created_at")
    last_seen_at = serializers.DateTimeField()
    current = serializers.BooleanField(source="is_current", help_text="The device that asks.")
