"""What people report, and what staff make of it."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.content.models.comments import Comment
from apps.content.models.posts import Post
from apps.content.querysets import CaseQuerySet, ReportQuerySet
from apps.core.audit import audited
from apps.core.models import Record, planned_manager

MAX_NOTE = 1_000


@audited(operation=pgtrigger.Update)
class Case(Record):
    """One thing that was reported, however often: the row of the moderation queue."""

    class State(models.TextChoices):
        OPEN = "open"
        UPHELD = "upheld"
        DISMISSED = "dismissed"

    post = models.OneToOneField(Post, models.CASCADE, related_name="+", null=True, blank=True)
    comment = models.OneToOneField(Comment, models.CASCADE, related_name="+", null=True, blank=True)
    person = models.OneToOneField(User, models.CASCADE, related_name="+", null=True, blank=True)
    # Whose words these are; the person, where it is about a person.
    author = models.ForeignKey(User, models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=10, choices=State, default=State.OPEN, db_default=State.OPEN
    )
    report_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    reported_at = models.DateTimeField(help_text="When it last was.")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True, blank=True)

    objects = planned_manager(CaseQuerySet)

    class Meta:
        permissions = [("moderate", "Can hide, restore and dismiss what was reported")]
        indexes = [
            models.Index(
                F("reported_at").desc(),
                F("id").desc(),
                condition=Q(state="open"),
                name="case_queue",
            ),
            models.Index(fields=["-reported_at", "-id"], name="case_history"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(post__isnull=False, comment=None, person=None)
                | Q(post=None, comment__isnull=False, person=None)
                | Q(post=None, comment=None, person__isnull=False),
                name="case_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None)
                | Q(state__in=["upheld", "dismissed"], closed_at__isnull=False),
                name="case_closed_at_fits_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.post_id or self.comment_id or self.person_id}"

    @property
    def kind(self) -> str:
        """What sort of thing was reported."""
        return "post" if self.post_id else "comment" if self.comment_id else "person"


class Report(Record):
    """One person's complaint. Whoever it is about never learns whose."""

    class Reason(models.TextChoices):
        SPAM = "spam"
        HARASSMENT = "harassment"
        HATE = "hate"
        VIOLENCE = "violence"
        SEXUAL = "sexual"
        SELF_HARM = "self_harm"
        ILLEGAL = "illegal"
        OTHER = "other"

    # The constraint's index and `report_quota` serve the keys as well.
    case = models.ForeignKey(Case, models.CASCADE, related_name="+", db_index=False)
    reporter = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    reason = models.CharField(max_length=12, choices=Reason)
    note = models.CharField(max_length=MAX_NOTE, blank=True, default="", db_default="")

    objects = planned_manager(ReportQuerySet)

    class Meta:
        indexes = [models.Index(fields=["reporter", "created_at"], name="report_quota")]
        constraints = [
            models.UniqueConstraint(fields=["case", "reporter"], name="report_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.id}"
