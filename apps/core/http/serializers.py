"""The bases of every wire shape: strict on the way in, plain on the way out."""

import re
import unicodedata
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.validators import ProhibitSurrogateCharactersValidator

from apps.core.errors import Invalid
from apps.core.http.errors import faults_of
from apps.core.http.parsing import is_unsafe

type Shape = type[serializers.BaseSerializer[Any]]

_CHECKED_AT_THE_DOOR = (ProhibitNullCharactersValidator, ProhibitSurrogateCharactersValidator)

# Marks that change how neighbours are read or can't be seen at all: fit for a text, never for a name (IN-09).
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")


class Output(serializers.Serializer[Any]):
    """What leaves: fields are read from attributes, nothing is written.

    `tagged_by` names the columns that tell two versions of one row apart, `rev` first; they make its ETag. A shape
    without them is tagged by its content.
    """

    tagged_by: ClassVar[tuple[str, ...]] = ()


class Input(serializers.Serializer[Any]):
    """What comes in: a field that is not declared here is refused and not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [name for name in data if name not in self._writable_names]
            if unknown:
                fault = serializers.ErrorDetail(
                    "This field is not known here.", code="unknown_field"
                )
                raise serializers.ValidationError({name: [fault] for name in unknown})
        return super().to_internal_value(data)

    @cached_property
    def _writable_names(self) -> set[str]:
        return {name for name, field in self.fields.items() if not field.read_only}


class Empty(Input):
    """No body, or an empty object."""


@extend_schema_field({"type": ["object", "null"]})
class AlwaysNull(serializers.Field[Any, Any, Any, Any]):
    """A place on the wire that clients may rely on before there is anything to put into it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def get_attribute(self, instance: Any) -> None:
        return None

    def to_representation(self, value: Any) -> None:
        return None


class AddressField(serializers.URLField):
    """An address that is made of a column: it stands between a prefix, which the settings know, and a suffix."""

    def __init__(self, *, prefix: Callable[[], str], suffix: str = "", **options: Any) -> None:
        super().__init__(read_only=True, **options)
        self.prefix, self.suffix = prefix, suffix

    def to_representation(self, value: Any) -> str:
        return f"{self.prefix()}{value}{self.suffix}"


class NameField(serializers.CharField):
    """A short text by which something is called: NFC, one line, nothing invisible or turned around in it."""

    default_error_messages = {"invisible": "Invisible and direction marks are not allowed here."}

    def to_internal_value(self, data: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_internal_value(data))
        if _INVISIBLE.search(text) or any(unicodedata.category(mark) == "Cc" for mark in text):
            self.fail("invisible")
        return text


class MomentField(serializers.DateTimeField):
    """RFC 3339 with an offset, between 1970 and 2100."""

    default_error_messages = {
        "offset": "Say the offset from UTC, as in 2026-11-21T12:00:00Z.",
        "range": "Choose a time between 1970 and 2100.",
    }
    _SHAPE = re.compile(
        r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
    )

    def to_internal_value(self, value: Any) -> Any:
        if isinstance(value, str) and not self._SHAPE.fullmatch(value):
            self.fail(
                "offset" if re.fullmatch(r"[\d\-T:. ]+", value) else "invalid", format="RFC 3339"
            )
        moment = super().to_internal_value(value)
        if not 1970 <= moment.year <= 2100:
            self.fail("range")
        return moment


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


def validated(shape: Shape, data: Any) -> dict[str, Any]:
    """Return what the shape accepts of `data`; raises DRF's ValidationError."""
    accepted: dict[str, Any] = shared(shape).run_validation(data)  # type: ignore[arg-type]
    return accepted


@lru_cache(1024)
def shared(shape: Shape) -> serializers.BaseSerializer[Any]:
    """Return the one instance of a shape that all threads read and validate with.

    Making one copies every field, which costs more than using it. It is given neither data nor an instance, so it
    keeps nothing of one request for the next.
    """
    serializer = shape()
    for field in _fields_below(serializer):
        # All text passed `is_unsafe` on its way in; these would look at each character again, in Python.
        field.validators = [
            one for one in field.validators if not isinstance(one, _CHECKED_AT_THE_DOOR)
        ]
    return serializer


def _fields_below(field: Any) -> Iterator[Any]:
    inner = [*getattr(field, "fields", {}).values()]
    inner += [field.child] if hasattr(field, "child") else []
    for one in inner:
        yield one
        yield from _fields_below(one)


def validated_query(shape: Shape, values: Mapping[str, str]) -> dict[str, Any]:
    """Return what the shape accepts of the query; raises Invalid with pointers below `/query`."""
    try:
        return validated(shape, values)
    except serializers.ValidationError as refusal:
        raise Invalid(errors=list(faults_of(refusal.detail, "/query"))) from refusal


def query_values(request: Request) -> dict[str, str]:
    """Return the query parameters, each named once.

    Raises Invalid for a repeated parameter and for text that could not be stored.
    """
    values: dict[str, str] = {}
    if not request.META.get("QUERY_STRING"):
        return values
    for name, found in request.query_params.lists():
        if len(found) > 1:
            raise query_fault(name, "repeated", "Give this parameter once.")
        if is_unsafe(name) or is_unsafe(found[0]):
            raise query_fault(
                "", "unsafe_text", "The query holds a NUL, a lone surrogate or a non-character."
            )
        values[name] = found[0]
    return values


def query_fault(name: str, code: str, detail: str) -> Invalid:
    """Make the refusal of one query parameter; its pointer starts with `/query`."""
    return Invalid(
        errors=[{"pointer": f"/query/{name}" if name else "/query", "code": code, "detail": detail}]
    )
