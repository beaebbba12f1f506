"""Which of the languages that we speak suits somebody best."""

from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_supported_language_variant


@lru_cache(maxsize=1024)
def language_of(locale: str) -> str:
    """Return the language of the product that suits a locale (BCP 47) best."""
    try:
        return get_supported_language_variant(locale)
    except LookupError:
        return settings.LANGUAGE_CODE
