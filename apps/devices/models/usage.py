"""How often which version of the app called: the numbers behind retiring one."""

from django.db import models

from apps.core.models import PlannedQuerySet, planned_manager


class VersionCalls(models.Model):
    """Requests of one version of the app on one day (UTC): all of them, or those to one deprecated route.

    `counted` is how far Redis had counted when `calls` was last brought up to date.
    """

    day = models.DateField()
    platform = models.CharField(max_length=10)
    app_version = models.CharField(max_length=40)
    route = models.CharField(max_length=200, blank=True, default="", db_default="")
    calls = models.PositiveBigIntegerField(default=0)
    counted = models.PositiveBigIntegerField(default=0)

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        verbose_name_plural = "version calls"
        constraints = [
            models.UniqueConstraint(
                fields=["day", "route", "platform", "app_version"], name="version_calls_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.platform} {self.app_version} {self.route}".rstrip()
