"""After any cut an app hears what it missed: whatever committed late, whoever wrote it, wherever it was cut."""

import random
import threading
import uuid
from typing import Any

import pytest
from django.db import connection, transaction

from apps.notifications.models import Notification
from apps.notifications.services.notifying import notify
from apps.notifications.streaming import news
from tests.core.threads import in_threads, start
from tests.notifications.news import tell
from tests.notifications.streams.servers import Server, following, until
from tests.phone import Inbox, Phone

pytestmark = pytest.mark.django_db(transaction=True)


def heard(phone: Phone, inbox: Inbox) -> list[str]:
    """Ask once for what happened since; return the names of what was told."""
    last = {"last_event_id": inbox.last_id} if inbox.last_id else {}
    lines = phone.get("events", **last).content.decode().split("\n")
    return [event.name for event in inbox.read(iter(lines))]


def test_cut_at_any_byte_nothing_is_lost(author: Phone) -> None:
    inbox = Inbox()
    heard(author, inbox)
    begun_at, parts = inbox.last_id, []
    for _ in range(3):
        told = {str(tell(author).pk) for _ in range(2)}
        parts.append((told, author.get("events", last_event_id=inbox.last_id).content))
        list(inbox.read(iter(parts[-1][1].decode().split("\n"))))
    everything = b"".join(part for _, part in parts)
    all_ids = set.union(*(told for told, _ in parts))
    resumed: dict[str, Inbox] = {}

    for cut in range(len(everything) + 1):
        app = Inbox(last_id=begun_at)
        list(app.read(iter(everything[:cut].decode(errors="ignore").split("\n")[:-1])))
        if app.last_id not in resumed:
            resumed[app.last_id] = Inbox(last_id=app.last_id)
            heard(author, resumed[app.last_id])
        rest = resumed[app.last_id]
        assert app.notifications.keys() | rest.notifications.keys() == all_ids, cut
        assert rest.unread == 6

    assert len(resumed) == 4


def test_what_commits_late_is_told_late_and_not_never(server: Server, author: Phone) -> None:
    """Its row, id and times are older than those of what was told before it."""
    written, may_commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            Notification.objects.create(
                recipient_id=author.user_id,
                kind="comment_created",
                category="social",
                data={"name": "Late", "title": "Late"},
                key="late",
            )
            written.set()
            assert may_commit.wait(30)

    inbox = Inbox()
    heard(author, inbox)
    late = start(slowly)
    assert written.wait(30)
    early = str(tell(author).pk)
    with following(author, server, inbox) as (_, events):
        until(events, "notification")
    assert inbox.notifications.keys() == {early}
    may_commit.set()
    late.answer()

    assert heard(author, inbox)[0] == "notification"
    assert [one["title"] for one in inbox.notifications.values() if "Late" in one["title"]]
    assert heard(author, inbox) == ["unread"]


WRITERS, WRITTEN = 10, 30


def test_no_writer_is_overtaken(author: Phone, settings: Any) -> None:
    """Ten writers, each transaction open for another while, a tenth rolled back, one reader from cursor to cursor."""
    # All that is written fits: on a busy machine the reader comes late.
    settings.STREAM_MOST_NEWS = WRITERS * WRITTEN
    person, committed, lock = uuid.UUID(author.user_id), set(), threading.Lock()
    random.seed(7)
    pauses = [random.choice((0, 0, 0.001, 0.02)) for _ in range(400)]

    def write() -> None:
        for _ in range(WRITTEN):
            key = str(uuid.uuid4())
            with transaction.atomic():
                row = Notification.objects.create(
                    recipient_id=person, kind="comment_created", category="social", key=key
                )
                _hold(pauses[row.pk.int % 400])
                if row.pk.int % 10 == 0:
                    transaction.set_rollback(True)
                    continue
            with lock:
                committed.add(row.pk)
                if row.pk.int % 3 == 0:
                    Notification.objects.filter(pk=row.pk).update(
                        read_at=row.created_at, seen_at=row.created_at
                    )

    over = threading.Event()
    # Before anybody writes: what was there at the first look is no news.
    (first,) = news.since([(person, None)])

    def read() -> list[uuid.UUID]:
        seen, found = first.snapshot, []
        while True:
            is_last = over.is_set()
            (more,) = news.since([(person, seen)])
            assert not more.is_incomplete
            found += [one.pk for one in more.changed]
            seen = more.snapshot
            if is_last:
                return found

    reader = start(read)
    in_threads(WRITERS, write)
    over.set()
    found = reader.answer()

    assert found is not None
    assert set(found) == committed
    # Each version once: what was changed after it was read comes again, and nothing else does.
    assert len(found) <= len(committed) + sum(one.int % 3 == 0 for one in committed)


def _hold(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


NOT_OURS = ["x", "é" * 40, "A" * 3_000, "AltbInMi", "0", "-1"]


@pytest.mark.parametrize("last_id", NOT_OURS)
def test_who_names_what_is_not_ours_reads_the_inbox_again(author: Phone, last_id: str) -> None:
    inbox = Inbox(last_id=last_id.encode().decode("latin-1"))

    assert heard(author, inbox) == ["resync", "unread"]
    assert heard(author, inbox) == ["unread"]


def test_an_id_of_somebody_else_is_none(author: Phone, stranger: Phone) -> None:
    inbox = Inbox()
    heard(author, inbox)

    assert heard(stranger, inbox) == ["resync", "unread"]


def test_an_id_of_another_database_is_none(author: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox = Inbox()
    heard(author, inbox)
    monkeypatch.setattr(news, "_SINCE", news._SINCE.replace(news.EPOCH, "'restored'"))

    assert heard(author, inbox) == ["resync", "unread"]


def test_more_than_is_worth_telling_is_read_from_the_inbox(author: Phone, settings: Any) -> None:
    settings.STREAM_MOST_NEWS = 2
    inbox = Inbox()
    heard(author, inbox)
    for _ in range(3):
        tell(author)

    assert heard(author, inbox) == ["resync", "unread"]
    assert inbox.unread == 3
    tell(author)
    assert heard(author, inbox) == ["notification", "unread"]


def test_what_was_taken_back_meanwhile_is_noticed(author: Phone) -> None:
    from apps.notifications.services import withdraw

    told, inbox = tell(author), Inbox()
    heard(author, inbox)
    with transaction.atomic():
        withdraw(recipient_id=told.recipient_id, kind=told.kind, key=told.key)

    assert heard(author, inbox) == ["resync", "unread"]
    assert heard(author, inbox) == ["unread"]


def test_many_at_work_make_a_longer_id_and_no_gap(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that would hold too many transactions claims to have seen less."""
    from apps.core import snapshots

    monkeypatch.setattr(snapshots, "_MOST", 4)
    inbox = Inbox()
    heard(author, inbox)
    tell(author)

    assert "notification" in heard(author, inbox)


def test_telling_twice_is_one_notification(author: Phone) -> None:
    inbox = Inbox()
    heard(author, inbox)
    for _ in range(2):
        with transaction.atomic():
            notify(
                kind="comment_created",
                recipient_id=uuid.UUID(author.user_id),
                data={"name": "Sam", "title": "x"},
                key="once",
            )

    assert heard(author, inbox) == ["notification", "unread"]
    assert heard(author, inbox) == ["unread"]
