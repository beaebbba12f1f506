"""Demo data: which versions of the app are served."""

from apps.devices import services
from apps.devices.models import VersionPolicy

_STORES = {
    "ios": "https://apps.apple.com/app/id0000000000",
    "android": "https://play.google.com/store/apps/details?id=com.example.app",
}


def seed() -> None:
    """Decide about platforms that nobody has decided about yet."""
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
            services.decide_versions(policy=policy)
