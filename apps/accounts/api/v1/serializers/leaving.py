"""Leaving, and coming back in time."""

from rest_framework import serializers

from apps.accounts.api.v1.serializers.signing_in import DeviceInfo
from apps.core.http.serializers import Input, Output


class AccountDeletion(Output):
    """What becomes of a deleted account."""

    deleted_at = serializers.DateTimeField()
    purged_after = serializers.DateTimeField(help_text="Until then, signing in can restore it.")


class Restoration(Input):
    restore = serializers.CharField(
        max_length=512, help_text="From the 403 `account_deleted` that a sign-in answered."
    )
    device = DeviceInfo(required=False)
