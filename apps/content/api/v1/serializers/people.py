"""People as content shows them, in every version so far."""

from apps.content.api.v2.serializers import Author

__all__ = ["Author"]
