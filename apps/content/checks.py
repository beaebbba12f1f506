"""Checked before anything starts: pictures have a place, and an origin from which nothing in them could act as us."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

_STORES = ("local", "s3")


@register(Tags.security)
def check_store(**_: Any) -> list[CheckMessage]:
    """The store is one that we know, and a bucket is named in full."""
    if settings.MEDIA_STORAGE not in _STORES:
        return [Error(f"MEDIA_STORAGE is none of {', '.join(_STORES)}.", id="content.E001")]
    if settings.MEDIA_STORAGE == "s3" and not (settings.S3_BUCKET and settings.S3_REGION):
        return [Error("S3_BUCKET and S3_REGION are needed for s3.", id="content.E002")]
    return []


@register(Tags.security, deploy=True)
def check_origin(**_: Any) -> list[CheckMessage]:
    """Pictures are read by https from a host of their own; with the local store it leads here."""
    origin = urlsplit(settings.MEDIA_ORIGIN)
    found: list[CheckMessage] = []
    if origin.scheme != "https":
        found.append(Error("MEDIA_ORIGIN is not https.", id="content.E003"))
    if origin.path or origin.query:
        found.append(Error("MEDIA_ORIGIN is more than an origin.", id="content.E003"))
    if origin.hostname == urlsplit(settings.PUBLIC_URL).hostname:
        hint = "Another name that leads to the same servers will do."
        found.append(Error("MEDIA_ORIGIN is the host of PUBLIC_URL.", hint=hint, id="content.E004"))
    if settings.MEDIA_STORAGE == "local" and origin.hostname not in settings.ALLOWED_HOSTS:
        hint = "With the local store that host is served here."
        found.append(
            Error("ALLOWED_HOSTS lacks the host of MEDIA_ORIGIN.", hint=hint, id="content.E005")
        )
    return found
