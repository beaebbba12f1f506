"""The wire shapes of what people want to hear, version 1."""

from typing import Any

from rest_framework import serializers

from apps.core.http.serializers import Input, MomentField, Output
from apps.notifications.kinds import Category

_CLOCK: dict[str, Any] = {"format": "%H:%M", "input_formats": ["%H:%M"]}


# What apps in the field know. All of them, and those that are still to come, are topics.
FIRST_CATEGORIES = (Category.SOCIAL.value, Category.SECURITY.value)


class CategoryField(serializers.ChoiceField):
    """One of the first categories; what is of a later one is shown as the first of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=FIRST_CATEGORIES, **options)

    def to_representation(self, value: str) -> str:
        return value if value in FIRST_CATEGORIES else FIRST_CATEGORIES[0]


class Ways(Output):
    """Which ways are open to something."""

    mandatory = serializers.BooleanField(help_text="It can't be switched off.")
    in_app = serializers.BooleanField()
    push = serializers.BooleanField()
    email = serializers.BooleanField(help_text="To an address that you have proven.")


class CategoryChoices(Ways):
    """Which ways are open to a category."""

    category = CategoryField()


class TopicChoices(Ways):
    """Which ways are open to a topic."""

    topic = serializers.CharField(
        source="category", help_text="A category, the later ones as well: more may come."
    )


class QuietHours(Output):
    """By the clock of each device; they may span midnight."""

    begin = serializers.TimeField(**_CLOCK)
    end = serializers.TimeField(**_CLOCK)


class NotificationPreferences(Output):
    """What you want to hear, how, and when not."""

    categories = CategoryChoices(many=True, source="first_categories")
    topics = TopicChoices(many=True, source="categories")
    quiet_hours = QuietHours(allow_null=True)
    muted_until = serializers.DateTimeField(allow_null=True)


class CategoryChange(Input):
    """Ways to switch on or off for a category; those that are not named stay as they are."""

    default_error_messages = {"mandatory": "Security messages can't be switched off."}

    category = serializers.ChoiceField(choices=Category.values)
    in_app = serializers.BooleanField(required=False)
    push = serializers.BooleanField(required=False)
    email = serializers.BooleanField(required=False)

    def validate_category(self, category: str) -> str:
        if category == Category.SECURITY:
            self.fail("mandatory")
        return category


class QuietHoursChange(Input):
    default_error_messages = {"empty": "They end when they begin."}

    begin = serializers.TimeField(**_CLOCK, help_text="HH:MM")
    end = serializers.TimeField(**_CLOCK, help_text="HH:MM")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["begin"] == attrs["end"]:
            self.fail("empty")
        return attrs


class NotificationPreferencesChange(Input):
    """What is not named stays as it is."""

    categories = serializers.ListField(
        child=CategoryChange(), max_length=len(Category.values), required=False
    )
    quiet_hours = QuietHoursChange(required=False, allow_null=True)
    muted_until = MomentField(required=False, allow_null=True)
