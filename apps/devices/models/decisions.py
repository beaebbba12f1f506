"""What all decisions of staff about the apps in people's hands have in common."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from apps.core.clients import PLATFORMS
from apps.core.models import Versioned

PLATFORM_CHOICES = [(platform, platform) for platform in PLATFORMS]
MAX_MESSAGE = 300
MAX_KEY = 64

is_version = RegexValidator(
    r"\A[0-9]{1,9}(\.[0-9]{1,9}){0,3}\Z", "Write a version as numbers: 2.10.1"
)
is_key = RegexValidator(
    rf"\A[a-z][a-z0-9_-]{{0,{MAX_KEY - 1}}}\Z",
    "Begin with a small letter; then small letters, digits, hyphens and underscores.",
)
is_locale = RegexValidator(
    r"\A[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}\Z", "Write a language tag in lower case: de or de-at"
)
_MOST_TRANSLATIONS = 60


class PercentageField(models.DecimalField):
    """0 to 100, to a hundredth."""

    def __init__(self, **options: Any) -> None:
        options |= {"max_digits": 5, "decimal_places": 2, "db_default": options["default"]}
        options["validators"] = [MinValueValidator(0), MaxValueValidator(100)]
        super().__init__(**options)


class VersionField(models.CharField):
    """A version of the app, compared number by number; empty for no bound."""

    def __init__(self, **options: Any) -> None:
        options |= {"max_length": 40, "blank": True, "default": "", "db_default": ""}
        super().__init__(**options | {"validators": [is_version]})


def are_translations(value: Any) -> None:
    """Refuse whatever is no text by language tag."""
    if not isinstance(value, dict) or len(value) > _MOST_TRANSLATIONS:
        raise ValidationError('Write texts by language tag: {"de": "…"}')
    for locale, text in value.items():
        is_locale(locale)
        if not isinstance(text, str) or not 0 < len(text) <= MAX_MESSAGE:
            raise ValidationError(f"The text for {locale} has 1 to {MAX_MESSAGE} characters.")


class Decision(Versioned):
    """The base of all that staff decide. Its history is the audit log, from which any of it comes back."""

    class Meta:
        abstract = True

    def recall(self, values: Mapping[str, Any]) -> None:
        """Take on values from the audit log; what has no column any more is left out."""
        for field in self._meta.concrete_fields:
            if field.editable and field.attname in values:
                setattr(self, field.attname, field.to_python(values[field.attname]))
