"""Demo data: which versions of the app are served, and a flag and a value to play with."""

from apps.devices.models import ConfigEntry, Flag, VersionPolicy
from apps.devices.services import decisions

_STORES = {
    "ios": "https://apps.apple.com/app/id0000000000",
    "android": "https://play.google.com/store/apps/details?id=com.example.app",
}


def seed() -> None:
    """Decide what nobody has decided about yet."""
    _seed_versions()
    if not Flag.objects.filter(key="larger-covers").exists():
        note = "Covers over the whole width. Goes when everybody has it."
        decisions.decide(decision=Flag(key="larger-covers", note=note, enabled=True, percentage=50))
    if not ConfigEntry.objects.filter(key="feed-page").exists():
        entry = ConfigEntry(
            key="feed-page",
            note="Posts that the app asks for at once.",
            kind=ConfigEntry.Kind.INT,
            value=20,
            overrides=[{"flag": "larger-covers", "value": 10}],
            schema={"type": "integer", "minimum": 1, "maximum": 100},
        )
        decisions.decide(decision=entry)


def _seed_versions() -> None:
    decided = set(VersionPolicy.objects.values_list("platform", flat=True))
    for platform, store_url in _STORES.items():
        if platform not in decided:
            policy = VersionPolicy(
                platform=platform,
                minimum="1.0.0",
                recommended="2.0.0",
                latest="2.4.0",
                store_url=store_url,
                message="This version is no longer supported. Please update.",
            )
            decisions.decide(decision=policy)
