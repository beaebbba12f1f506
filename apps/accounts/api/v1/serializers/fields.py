"""The fields that shapes of accounts are made of."""

import zoneinfo
from functools import lru_cache
from typing import Any

from rest_framework import serializers

from apps.accounts.querysets import one_spelling

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
