"""The wire shapes of pictures."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.content import models, storage
from apps.content.media.decoder import FORMATS
from apps.core.http.serializers import AddressField, Input, Output


def _public_prefix() -> str:
    return storage.store().public_prefix()


class Cover(Output):
    """A picture as posts show it: WebP in three sizes, or its blurhash as long as there are no addresses.

    A private picture has none here; `GET media/{id}` gives some that expire.
    """

    id = serializers.UUIDField()
    state = serializers.ChoiceField(models.Media.State.choices)
    width = serializers.IntegerField(allow_null=True, help_text="Pixels, of `large`.")
    height = serializers.IntegerField(allow_null=True)
    blurhash = serializers.CharField(allow_null=True)
    small = AddressField(
        source="public_folder",
        prefix=_public_prefix,
        suffix="/small.webp",
        allow_null=True,
        help_text="At most 320 pixels either way.",
    )
    medium = AddressField(
        source="public_folder",
        prefix=_public_prefix,
        suffix="/medium.webp",
        allow_null=True,
        help_text="At most 1080.",
    )
    large = AddressField(
        source="public_folder",
        prefix=_public_prefix,
        suffix="/large.webp",
        allow_null=True,
        help_text="At most 2048.",
    )


class MediaFile(Output):
    """One size in one format."""

    name = serializers.CharField(help_text="`small.webp`, `small.jpg`, `medium.webp`, …")
    type = serializers.CharField(help_text="`image/webp` or `image/jpeg`.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    bytes = serializers.IntegerField()
    url = serializers.URLField()


class Media(Output):
    """A picture and how far it is; its owner sees every state, others only what is ready."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(models.Media.Kind.choices)
    visibility = serializers.ChoiceField(models.Media.Visibility.choices)
    state = serializers.ChoiceField(
        models.Media.State.choices,
        help_text="`pending`: not uploaded; `processing`: ask again in a second or two.",
    )
    refusal = serializers.CharField(
        allow_null=True,
        help_text="Why it was refused: `type_mismatch`, `too_large`, `animated`, `too_many_frames`, `polyglot`, "
        "`undecodable`, `checksum_mismatch`, `upload_missing` or `processing_failed`.",
    )
    width = serializers.IntegerField(allow_null=True, help_text="Pixels, of the largest file.")
    height = serializers.IntegerField(allow_null=True)
    blurhash = serializers.CharField(allow_null=True)
    files = serializers.SerializerMethodField()
    expires_at = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(MediaFile(many=True))
    def get_files(self, media: models.Media) -> list[dict[str, Any]]:
        store = storage.store()
        is_public = media.visibility == models.Media.Visibility.PUBLIC
        shown = []
        for file in media.files:
            key = f"{media.folder}/{file['name']}"
            url = store.public_prefix() + key if is_public else store.private_url(key)
            shown.append({**file, "url": url})
        return list(MediaFile(shown, many=True).data)

    @extend_schema_field(serializers.DateTimeField(allow_null=True, help_text="Of the addresses."))
    def get_expires_at(self, media: models.Media) -> datetime | None:
        if not media.files or media.visibility == models.Media.Visibility.PUBLIC:
            return None
        return timezone.now() + timedelta(seconds=settings.MEDIA_LINK_SECONDS)


class DigestField(serializers.RegexField):
    """A SHA-256 as 64 hexadecimal digits."""

    def __init__(self, **options: Any) -> None:
        super().__init__("^[0-9a-f]{64}$", max_length=64, **options)

    def to_internal_value(self, data: Any) -> Any:
        return bytes.fromhex(super().to_internal_value(data))

    def run_validators(self, value: Any) -> None:
        super().run_validators(value.hex() if isinstance(value, bytes) else value)


class MediaAnnounce(Input):
    """What is going to be uploaded."""

    id = serializers.UUIDField(help_text="Chosen by the client; repeat it to get a new grant.")
    kind = serializers.ChoiceField(models.Media.Kind.choices, default=models.Media.Kind.IMAGE)
    visibility = serializers.ChoiceField(
        models.Media.Visibility.choices,
        default=models.Media.Visibility.PRIVATE,
        help_text="`public`: whoever has an address may keep and share it; `private`: addresses expire.",
    )
    content_type = serializers.ChoiceField(sorted(FORMATS))
    size = serializers.IntegerField(min_value=1, max_value=settings.MEDIA_MAX_BYTES)
    sha256 = DigestField(help_text="Of the file, in hexadecimal digits.")


class UploadGrant(Output):
    """Where the file goes: a POST of multipart/form-data, these fields in front and the `file` at the end."""

    url = serializers.URLField()
    fields_ = serializers.DictField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class MediaAnnounced(Output):
    """The picture, and its upload as long as that has not arrived."""

    media = Media()
    upload = UploadGrant(allow_null=True)
