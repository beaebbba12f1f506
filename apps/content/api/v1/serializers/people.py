"""How people appear beside what they wrote."""

from rest_framework import serializers

from apps.core.http.serializers import Output


class Author(Output):
    """Who wrote it, as everybody may know them."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()
