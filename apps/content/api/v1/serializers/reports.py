"""The wire shapes of complaints."""

from rest_framework import serializers

from apps.content import models
from apps.content.api.fields import WordsField
from apps.core.http.serializers import Input, Output


class Report(Output):
    """A complaint that was taken in. Whoever it is about does not learn whose."""

    id = serializers.UUIDField()
    reason = serializers.ChoiceField(models.Report.Reason.choices)
    created_at = serializers.DateTimeField()


class ReportCreate(Input):
    """What is wrong with what."""

    target_type = serializers.ChoiceField(["post", "comment", "person"])
    target_id = serializers.UUIDField()
    reason = serializers.ChoiceField(models.Report.Reason.choices)
    note = WordsField(max_length=models.MAX_NOTE, allow_blank=True, required=False)
