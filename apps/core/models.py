"""Abstract bases for every table, and the ground floor's own tables: jobs, their schedule, idempotency records."""

import uuid
from typing import Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import UUID7, Now

from apps.core.audit import append_only, audited, name_of
from apps.core.ids import new_id
from apps.core.observability.logging import current_context
from apps.core.querysets import Sieve

# Changing it is a migration: the database itself refuses to forget sooner.
AUDIT_KEPT_DAYS = 730


class PlannedQuerySet[M: models.Model](models.QuerySet[M]):
    """The base of every app's QuerySet vocabulary."""

    sieve: Sieve | None = None

    def sifted(self, condition: Q) -> Self:
        """Filter by a condition that no index knows, such as whom the reader has blocked. Chain it last.

        However many rows in a row do not fit, a page then looks at no more than `MOST_SIFTED` (`core/http/sifting.py`).
        """
        kept = self.filter(condition)
        kept.sieve = Sieve(self, condition)
        return kept


class PlannedManager[M: models.Model](models.Manager[M]):
    """Hands out querysets that fetch nothing unplanned.

    A relation that was neither selected nor prefetched raises in tests (`RAISE_ON_LAZY_LOAD`); elsewhere it is loaded
    once for all rows of the queryset, so that a slip costs one query and not one per row.
    """

    def get_queryset(self) -> models.QuerySet[M]:
        mode = models.FETCH_RAISE if settings.RAISE_ON_LAZY_LOAD else models.FETCH_PEERS
        return super().get_queryset().fetch_mode(mode)


def planned_manager(queryset: type[PlannedQuerySet[Any]]) -> Any:
    """Make the manager of a model from its QuerySet vocabulary."""
    return PlannedManager.from_queryset(queryset)()


class Record(models.Model):
    """A row with a time-ordered public id and its own times; raw SQL and COPY get them from Postgres."""

    id = models.UUIDField(primary_key=True, default=new_id, db_default=UUID7(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True


class Versioned(Record):
    """A record that several clients may change: `rev` grows by one with every change and is the heart of its ETag."""

    rev = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        abstract = True


# What staff do to a job is to replay it; those that their other actions enqueue are no news.
@audited(operation=pgtrigger.Update | pgtrigger.Delete, hides=("kwargs", "context", "error"))
class Job(models.Model):
    """One piece of work outside a request: the outbox row, written in the transaction that causes the work.

    Postgres is the queue of record. `available_at` is both the due time and the lease: a worker that claims the row
    moves it into the future, so a killed worker's row becomes available again by itself.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=new_id, db_default=UUID7(), editable=False)
    name = models.CharField(max_length=200)
    kwargs = models.JSONField(default=dict)
    queue = models.CharField(max_length=20)
    state = models.CharField(
        max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING
    )
    available_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    max_attempts = models.PositiveSmallIntegerField(default=10, db_default=10)
    lease = models.UUIDField(null=True, help_text="Names the claim that may finish this job.")
    lease_seconds = models.PositiveSmallIntegerField(default=60, db_default=60)
    key = models.CharField(
        max_length=200,
        null=True,
        help_text="Until a worker takes the job, asking again with its key is asking once.",
    )
    error = models.TextField(default="", db_default="", blank=True)
    context = models.JSONField(
        default=dict, help_text="Request id and actor of the request that asked for it."
    )
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("replay_job", "Can replay dead letters")]
        indexes = [
            models.Index(
                fields=["queue", "available_at", "id"],
                condition=Q(state="pending"),
                name="job_pending",
            ),
            models.Index(fields=["finished_at"], condition=Q(state="done"), name="job_done"),
            models.Index(
                fields=["queue", "finished_at"], condition=Q(state="dead"), name="job_dead"
            ),
        ]
        constraints = [
            # A job that was once claimed may already have read what is now changing: its key is free again.
            models.UniqueConstraint(
                fields=["key"], condition=Q(state="pending", lease=None), name="job_key_unclaimed"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", finished_at=None)
                | ~Q(state="pending") & Q(finished_at__isnull=False),
                name="job_finished_when_final",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"


class Slot(models.Model):
    """When a periodic job is next due: one row per name, locked by whoever enqueues it, so two clocks tick once."""

    name = models.CharField(max_length=200, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class IdempotencyRecord(models.Model):
    """The first answer to a keyed request, committed with its effect (reliability C2)."""

    actor = models.CharField(
        max_length=120, help_text="Account and device: what a retry keeps when its token changes."
    )
    key_hash = models.BinaryField(max_length=32)
    route = models.CharField(max_length=200)
    fingerprint = models.BinaryField(max_length=33)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            # The last guard behind the lock: a second effect under one key can't commit.
            models.UniqueConstraint(fields=["actor", "key_hash"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.status}"


class AuditEventQuerySet(PlannedQuerySet[Any]):
    def about(self, row: models.Model, *, most: int = 100) -> Any:
        """The newest lines about a row and what hangs on it, with who did it."""
        name = name_of(type(row))
        part_of = Q(model=name) | Q(model__startswith=f"{name}_")
        lines = self.filter(part_of, object_id=str(row.pk)).select_related("actor")
        return lines.order_by("-id")[:most]

    def note(self, did: str, row: models.Model, *, by: uuid.UUID | None) -> None:
        """Write down an action of staff that changes no row of its own, within the caller's transaction."""
        self.create(
            actor_id=by,
            request_id=current_context().get("request_id", ""),
            model=name_of(type(row)),
            object_id=str(row.pk),
            action=AuditEvent.Action.NOTE,
            after={"did": did},
        )


class AuditEvent(models.Model):
    """One line of the audit log: what a member of staff did to one row. Nobody rewrites it (`core/audit.py`).

    Triggers write most lines; `note` writes those of actions that change no row.
    """

    class Action(models.TextChoices):
        INSERT = "insert", "added"
        UPDATE = "update", "changed"
        DELETE = "delete", "deleted"
        NOTE = "note", "did"

    id = models.UUIDField(primary_key=True, default=new_id, db_default=UUID7(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # The log remembers who it was also when the account is gone.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    request_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    path = models.CharField(max_length=200, blank=True, default="", db_default="")
    model = models.CharField(max_length=80)
    object_id = models.CharField(max_length=64)
    action = models.CharField(max_length=10, choices=Action)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = planned_manager(AuditEventQuerySet)

    class Meta:
        triggers = append_only(kept_days=AUDIT_KEPT_DAYS)
        indexes = [
            models.Index("object_id", F("id").desc(), name="audit_of_object"),
            models.Index("actor", F("id").desc(), name="audit_of_actor"),
            models.Index("model", F("id").desc(), name="audit_of_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id} {self.action}"


@audited()
class AuditedGroup(Group):
    """Django's own table, watched: who is in charge of what."""

    class Meta:
        proxy = True
        default_permissions = ()


@audited(key="group_id")
class AuditedGroupPermission(Group.permissions.through):  # type: ignore[name-defined]
    """What a group may do."""

    class Meta:
        proxy = True
        default_permissions = ()
