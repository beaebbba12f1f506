"""Which versions of the app are served, and when none is."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.audit import audited
from apps.core.clients import is_below
from apps.core.models import PlannedQuerySet, planned_manager
from apps.devices.models.decisions import (
    MAX_MESSAGE,
    PLATFORM_CHOICES,
    Decision,
    PercentageField,
    VersionField,
    are_translations,
)
from apps.devices.querysets import MaintenanceNoticeQuerySet

_STEPS = ("minimum", "next_minimum", "recommended", "latest")


@audited()
class VersionPolicy(Decision):
    """Which versions of the app on one platform are served, and where to get a newer one."""

    platform = models.CharField(max_length=10, choices=PLATFORM_CHOICES, unique=True)
    minimum = VersionField(help_text="Older versions are refused with 426. Empty: none is.")
    next_minimum = VersionField(
        help_text="A higher minimum that is rolled out: it binds the percentage below."
    )
    next_minimum_percentage = PercentageField(
        default=0,
        help_text="Of all installations; raise it step by step, then make it the minimum.",
    )
    recommended = VersionField(
        help_text="Every answer names it, so that older apps can suggest an update."
    )
    latest = VersionField()
    store_url = models.URLField(
        max_length=500, blank=True, default="", help_text="Where a refused app sends its user."
    )
    message = models.CharField(
        max_length=MAX_MESSAGE, blank=True, default="", help_text="What a refused app may show."
    )
    translations = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        validators=[are_translations],
        help_text='The message in other languages: {"de": "Bitte aktualisieren."}',
    )

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        verbose_name_plural = "version policies"

    def __str__(self) -> str:
        return self.platform

    def clean(self) -> None:
        """Refuse what would lock people out by mistake."""
        self.translations = self.translations or {}
        if (self.minimum or self.next_minimum) and not self.store_url:
            raise ValidationError({"store_url": "Whoever is refused must know where to go."})
        if self.next_minimum_percentage and not self.next_minimum:
            raise ValidationError({"next_minimum": "Say which version the percentage is about."})
        given = [name for name in _STEPS if getattr(self, name)]
        for place, upper in enumerate(given):
            for lower in given[:place]:
                if is_below(getattr(self, upper), getattr(self, lower)):
                    name = lower.replace("_", " ")
                    raise ValidationError({upper: f"This is below the {name} version."})


@audited()
class MaintenanceNotice(Decision):
    """Word of a time in which the service is away, told to apps from now until it is over."""

    platform = models.CharField(
        max_length=10, choices=PLATFORM_CHOICES, blank=True, default="", help_text="Empty: all."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: not known yet.")
    message = models.CharField(max_length=MAX_MESSAGE)
    translations = models.JSONField(default=dict, blank=True, validators=[are_translations])

    objects = planned_manager(MaintenanceNoticeQuerySet)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="maintenance_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return self.message

    def clean(self) -> None:
        self.translations = self.translations or {}
