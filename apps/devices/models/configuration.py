"""Remote configuration: flags, and typed values that may differ where a flag is on."""

import json
import math
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from apps.core.audit import audited
from apps.core.clients import is_below
from apps.core.models import PlannedQuerySet, planned_manager
from apps.devices.models.decisions import (
    MAX_KEY,
    PLATFORM_CHOICES,
    Decision,
    PercentageField,
    VersionField,
    is_key,
    is_locale,
)

_MAX_NOTE = 300
_MOST_ALLOWED = 500
_MOST_OVERRIDES = 20
# Bytes of JSON; every phone downloads it.
_MAX_VALUE = 8_192
# JSON readers keep integers exact up to here (RFC 8259 §6).
_MAX_INTEGER = 2**53 - 1

_is_id = RegexValidator(r"\A[0-9a-z._-]{1,64}\Z", "Write ids in lower case.")


@audited()
class Flag(Decision):
    """On for some and off for others. Every condition that is set must hold; allowed ids get it all the same."""

    key = models.CharField(max_length=MAX_KEY, unique=True, validators=[is_key])
    note = models.CharField(
        max_length=_MAX_NOTE, blank=True, default="", help_text="What it does, and when it can go."
    )
    enabled = models.BooleanField(default=False, help_text="Off: off for everybody.")
    is_exposed = models.BooleanField(
        "told to apps", default=True, help_text="Off: only the server asks for it."
    )
    platforms = ArrayField(
        models.CharField(max_length=10, choices=PLATFORM_CHOICES), blank=True, default=list
    )
    minimum_version = VersionField(help_text="From this version on.")
    below_version = VersionField(help_text="Up to this version, without it.")
    locales = ArrayField(
        models.CharField(max_length=35, validators=[is_locale]),
        blank=True,
        default=list,
        help_text="Language tags in lower case, with commas: de means de-at as well.",
    )
    groups = ArrayField(
        models.CharField(max_length=150),
        blank=True,
        default=list,
        help_text="Names of groups of people, with commas; who is not signed in is in none.",
    )
    percentage = PercentageField(default=100, help_text="Of the installations that fit the above.")
    allowed = ArrayField(
        models.CharField(max_length=64, validators=[_is_id]),
        size=_MOST_ALLOWED,
        blank=True,
        default=list,
        help_text="Ids of installations and accounts that get it whatever the above says.",
    )

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percentage__gte=0, percentage__lte=100), name="flag_percentage"
            )
        ]

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        """Refuse conditions that nobody can fulfil."""
        bounds = self.minimum_version, self.below_version
        if all(bounds) and not is_below(*bounds):
            raise ValidationError({"below_version": "No version is in between."})
        known = set(Group.objects.filter(name__in=self.groups).values_list("name", flat=True))
        if unknown := set(self.groups) - known:
            raise ValidationError({"groups": f"There is no group {sorted(unknown)[0]}."})


@audited()
class ConfigEntry(Decision):
    """One value that apps read at run time, always of one kind."""

    class Kind(models.TextChoices):
        BOOL = "bool"
        INT = "int"
        FLOAT = "float"
        STRING = "string"
        JSON = "json"

    key = models.CharField(max_length=MAX_KEY, unique=True, validators=[is_key])
    note = models.CharField(max_length=_MAX_NOTE, blank=True, default="")
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.JSONField(blank=True, help_text='As JSON: true, 20, 0.5, "text", {…}')
    overrides = models.JSONField(
        default=list,
        blank=True,
        help_text='Other values where a flag is on, the first that applies: [{"flag": "…", "value": …}]',
    )
    schema = models.JSONField(
        null=True, blank=True, help_text="JSON Schema (2020-12) that every value must fulfil."
    )

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        verbose_name_plural = "config entries"

    def __str__(self) -> str:
        return self.key

    def clean(self) -> None:
        """Refuse a schema that is none, and a value that is not of its kind."""
        self.overrides = self.overrides or []
        if self.schema is not None:
            try:
                Draft202012Validator.check_schema(self.schema)
            except SchemaError as refusal:
                raise ValidationError({"schema": refusal.message}) from refusal
        if self.kind not in self.Kind:
            return
        if fault := self._fault_of(self.value):
            raise ValidationError({"value": fault})
        if fault := next(self._faults_of_overrides(), ""):
            raise ValidationError({"overrides": fault})

    def _faults_of_overrides(self) -> Iterator[str]:
        if not isinstance(self.overrides, list) or len(self.overrides) > _MOST_OVERRIDES:
            yield f"Write a list of at most {_MOST_OVERRIDES}."
            return
        for override in self.overrides:
            if not isinstance(override, dict) or override.keys() != {"flag", "value"}:
                yield 'Each has a "flag" and a "value" and nothing else.'
            elif fault := self._fault_of(override["value"]):
                yield fault
            elif not Flag.objects.filter(key=str(override["flag"])).exists():
                yield f"There is no flag {override['flag']}."

    def _fault_of(self, value: Any) -> str:
        """Say what is wrong with a value for this entry, "" when nothing is."""
        if not _IS_OF_KIND[self.Kind(self.kind)](value):
            return f"This is no {self.kind}."
        if len(json.dumps(value).encode()) > _MAX_VALUE:
            return f"A value has at most {_MAX_VALUE} bytes."
        if self.schema is None:
            return ""
        # An empty registry: a schema must not make us fetch anything.
        validator = Draft202012Validator(self.schema, registry=Registry())
        try:
            found = best_match(validator.iter_errors(value))
        except Unresolvable as missing:
            return f"The schema refers to what it does not hold: {missing.ref}"
        return f"{found.json_path}: {found.message}" if found else ""


_IS_OF_KIND = {
    ConfigEntry.Kind.BOOL: lambda value: isinstance(value, bool),
    ConfigEntry.Kind.INT: lambda value: type(value) is int and abs(value) <= _MAX_INTEGER,
    ConfigEntry.Kind.FLOAT: lambda value: type(value) in {int, float} and math.isfinite(value),
    ConfigEntry.Kind.STRING: lambda value: isinstance(value, str),
    ConfigEntry.Kind.JSON: lambda value: value is not None,
}
