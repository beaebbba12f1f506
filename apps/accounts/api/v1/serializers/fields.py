"""The fields that shapes of accounts are made of."""

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


class CodeField(serializers.RegexField):
    """The six digits of a code."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "Six digits, from the mail.")
        super().__init__(r"\A[0-9]{6}\Z", max_length=6, **options)


class IdTokenField(serializers.CharField):
    """An ID token of Apple's or Google's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=10_240, help_text="As the phone received it.", **options)


class NonceField(serializers.CharField):
    """What ties an ID token to the sign-in that it was asked for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            min_length=16,
            max_length=128,
            help_text="The random value of this sign-in, as the app made it. Apple is given its SHA-256 in hex.",
            **options,
        )


class AppleCodeField(serializers.CharField):
    """Apple's authorization code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=512,
            required=False,
            help_text="Needed to sign out at Apple on deletion.",
            **options,
        )
