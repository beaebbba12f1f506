"""A picture on a page of staff's: small, and from the origin of pictures."""

from typing import Any

from django.conf import settings
from django.utils.csp import CSP
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.content import storage
from apps.content.models import Media

# Pages with pictures in them, and only these, show what comes from the origin of pictures.
WITH_PICTURES: dict[str, Any] = settings.SECURE_CSP | {
    "img-src": [CSP.SELF, "data:", settings.MEDIA_ORIGIN]
}


def preview_of(media: Media | None) -> SafeString | str:
    """Show a public picture; of a private one say so, and of none nothing."""
    if media is None:
        return ""
    if not media.public_folder:
        return "private" if media.folder else ""
    address = f"{storage.store().public_prefix()}{media.public_folder}/small.webp"
    return format_html('<img class="preview" src="{}" alt="" loading="lazy">', address)
