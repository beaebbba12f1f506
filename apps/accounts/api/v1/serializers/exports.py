"""Taking one's data along."""

from typing import Any

from rest_framework import serializers

from apps.accounts import storage
from apps.accounts.models import Export
from apps.core.http.serializers import Output


class DataExport(Output):
    """An archive of your data."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=Export.State.choices)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes, once it is ready.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="It is gone after that.")
    link = serializers.SerializerMethodField(
        help_text="Where the archive is, once it is ready: good for ten minutes, without a token."
    )

    def get_link(self, export: Any) -> str | None:
        return storage.link_to(export.pk) if export.state == Export.State.READY else None
