"""Who calls: requests by version of the app, and to routes that will go away."""

from datetime import date

from django.db.models import Sum

from apps.devices.models import VersionCalls


def calls_by_version(since: date, most: int) -> list[tuple[str, str, int]]:
    """Sum the requests of each version since a day: platform, version, requests; the `most` busy only."""
    counted = VersionCalls.objects.filter(day__gte=since, route="")
    by_version = counted.values_list("platform", "app_version").annotate(total=Sum("calls"))
    return list(by_version.order_by("-total", "platform", "app_version")[:most])


def deprecated_calls(since: date, most: int) -> list[tuple[str, str, str, int]]:
    """Sum the requests to deprecated routes since a day: route, platform, version, requests; the `most` called only."""
    counted = VersionCalls.objects.filter(day__gte=since).exclude(route="")
    by_route = counted.values_list("route", "platform", "app_version").annotate(total=Sum("calls"))
    return list(by_route.order_by("-total", "route", "platform", "app_version")[:most])
