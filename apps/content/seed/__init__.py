"""What content has to show: a demo to read, and as many posts as somebody wants to measure with."""

from apps.content.seed.demo import seed
from apps.content.seed.scale import seed_at_scale

__all__ = ["seed", "seed_at_scale"]
