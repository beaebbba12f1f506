"""Shapes of blocks."""

from rest_framework import serializers

from apps.core.http.serializers import Input, Output


class Person(Output):
    """Somebody else, as everybody may know them."""

    id = serializers.UUIDField()
    display_name = serializers.CharField()


class Block(Output):
    """Somebody whom this account never wants to see."""

    user = Person(source="blocked")
    created_at = serializers.DateTimeField()


class BlockCreate(Input):
    user_id = serializers.UUIDField()
