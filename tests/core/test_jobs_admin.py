"""What staff see and may do: find a job, read its fate, replay a dead letter, and type in nothing."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from apps.core import admin, jobs
from apps.core.models import IdempotencyRecord, Job, Slot
from tests.outbox import pending

JOBS = reverse("admin:core_job_changelist")


@jobs.job(queue="urgent")
def deliver(*, parcel: str, **_: Any) -> None: ...


@pytest.fixture
def letter(db: None) -> Job:
    with transaction.atomic():
        jobs.enqueue(deliver, parcel="p-1")
    Job.objects.update(state="dead", error="Sick: no paper", attempts=10, finished_at=Now())
    return Job.objects.get()


@pytest.fixture
def reader_client(admin_client: Client) -> Client:
    """Staff who may look at jobs and nothing else."""
    reader = get_user_model().objects.get()
    reader.is_superuser = False
    reader.save()
    reader.user_permissions.add(Permission.objects.get(codename="view_job"))
    return admin_client


def shown(client: Client, **query: str) -> bool:
    page = client.get(JOBS, query)
    assert page.status_code == 200
    return "Sick: no paper" in page.content.decode()


def replay(client: Client, letter: Job) -> None:
    chosen = {"action": "replay", "_selected_action": [str(letter.pk)]}
    client.post(JOBS, chosen, follow=True)


def test_a_job_is_found_by_state_queue_name_and_id(admin_client: Client, letter: Job) -> None:
    assert shown(admin_client)
    assert shown(admin_client, state__exact="dead", queue="urgent", name="core.deliver")
    assert shown(admin_client, q="core.deliver")
    assert shown(admin_client, q=str(letter.pk))
    assert not shown(admin_client, state__exact="pending")
    assert not shown(admin_client, queue="bulk")
    assert not shown(admin_client, name="core.prune_jobs")
    assert not shown(admin_client, q="core.other")


def test_counting_ends_where_paging_does(
    admin_client: Client, letter: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin.BoundedPaginator, "MOST", 3)
    with transaction.atomic():
        for _ in range(5):
            jobs.enqueue(deliver, parcel="p-2")
    page = admin_client.get(JOBS)
    assert page.context["cl"].result_count == 3
    assert page.context["cl"].full_result_count is None


def test_a_dead_letter_can_be_replayed(admin_client: Client, letter: Job) -> None:
    replay(admin_client, letter)
    assert [job.pk for job in pending()] == [letter.pk]


def test_who_may_only_look_can_not_replay(reader_client: Client, letter: Job) -> None:
    assert shown(reader_client)
    replay(reader_client, letter)
    assert pending() == []


@pytest.mark.parametrize("model", ["job", "slot", "idempotencyrecord"])
def test_nothing_is_typed_in(admin_client: Client, letter: Job, model: str) -> None:
    assert admin_client.get(reverse(f"admin:core_{model}_changelist")).status_code == 200
    assert admin_client.get(reverse(f"admin:core_{model}_add")).status_code == 403


def test_a_row_is_read_and_not_edited(admin_client: Client, letter: Job) -> None:
    url = reverse("admin:core_job_change", args=[letter.pk])
    page = admin_client.get(url).content.decode()
    assert letter.name in page
    assert "p-1" not in page, "what a job was asked with may name people"
    assert 'name="_save"' not in page
    assert admin_client.post(url, {"state": "done"}).status_code == 403
    assert admin_client.post(reverse("admin:core_job_delete", args=[letter.pk])).status_code == 403


def test_stored_answers_keep_their_bodies_to_themselves(admin_client: Client) -> None:
    record = IdempotencyRecord.objects.create(
        actor="ada",
        key_hash=b"k" * 32,
        route="/api/v1/articles",
        fingerprint=b"f",
        status=201,
        headers={"ETag": "canary-header"},
        body=b"canary-body",
        expires_at=Now(),
    )
    page = admin_client.get(reverse("admin:core_idempotencyrecord_change", args=[record.pk]))
    assert "/api/v1/articles" in page.content.decode()
    assert "canary" not in page.content.decode()


def test_the_schedule_can_be_read(admin_client: Client) -> None:
    Slot.objects.create(name="core.prune_jobs", due_at=Now())
    page = admin_client.get(reverse("admin:core_slot_changelist"))
    assert "core.prune_jobs" in page.content.decode()
