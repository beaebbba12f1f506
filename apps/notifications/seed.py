"""Demo data: none of its own. The inbox fills when the demo's people comment on each other."""


def seed() -> None:
    """Leave it to the apps that notify."""
