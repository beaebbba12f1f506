"""What staff have decided before a test begins: flags, values, versions, and what installations make of them."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.test import TestCase
from django.utils import timezone

from apps.devices.models import ConfigEntry, Decision, Flag, MaintenanceNotice, VersionPolicy
from apps.devices.services import decisions


def decided[D: Decision](decision: D) -> D:
    """Save a valid decision, and let its transaction commit."""
    decision.full_clean()
    with TestCase.captureOnCommitCallbacks(execute=True), transaction.atomic():
        decisions.decide(decision=decision)
    return decision


def flag(key: str = "new-editor", **rules: Any) -> Flag:
    return decided(Flag(key=key, **{"enabled": True, **rules}))


def entry(key: str, kind: str, value: Any, **more: Any) -> ConfigEntry:
    return decided(ConfigEntry(key=key, kind=kind, value=value, **more))


def policy(**rules: Any) -> VersionPolicy:
    given = {"platform": "ios", "store_url": "https://store.example.test/app", **rules}
    return decided(VersionPolicy(**given))


def maintenance(**more: Any) -> MaintenanceNotice:
    starts_at = timezone.now() + timedelta(hours=1)
    given = {"starts_at": starts_at, "message": "Back in an hour.", **more}
    return decided(MaintenanceNotice(**given))
