"""The inbox through the wire: told, counted, read."""

import uuid
from collections import Counter
from typing import Any

import pytest

from apps.accounts.models import User
from apps.notifications.models import Notification
from tests.golden import golden, steady
from tests.notifications.news import tell
from tests.phone import Phone


def read(phone: Phone, **marks: Any) -> Any:
    answer = phone.post("notifications/read", marks)
    assert answer.status == 200, answer.content
    return answer.json


def unread(phone: Phone) -> int:
    return phone.get("notifications/unread-count").json["unread"]


def test_the_inbox_says_what_happened(author: Phone) -> None:
    tell(author)

    answer = author.get("notifications")

    assert answer.status == 200
    assert steady(answer.json) == golden(__file__, "inbox")


def test_it_speaks_the_readers_language(author: Phone) -> None:
    tell(author)

    author.patch("me", {"locale": "de-AT"})

    (item,) = author.get("notifications").json["items"]
    assert item["title"] == "Sam hat deinen Beitrag kommentiert"


def test_newest_first_in_pages_that_do_not_shift(author: Phone) -> None:
    told = [str(tell(author).pk) for _ in range(5)]

    first = author.get("notifications?limit=2").json
    told.append(str(tell(author).pk))
    second = author.get(f"notifications?limit=2&cursor={first['next']}").json
    third = author.get(f"notifications?limit=2&cursor={second['next']}").json

    listed = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert listed == told[4::-1]
    assert third["next"] is None


def test_nobody_reads_anothers_inbox(author: Phone, stranger: Phone, phone: Phone) -> None:
    notification = tell(author)

    assert stranger.get("notifications").json["items"] == []
    assert unread(stranger) == 0
    assert read(stranger, ids=[str(notification.pk)])["results"][0]["code"] == "not_found"
    assert read(stranger, up_to=str(notification.pk))["results"][0]["code"] == "not_found"
    assert unread(author) == 1
    for answer in (
        phone.get("notifications"),
        phone.get("notifications/unread-count"),
        phone.post("notifications/read", {"ids": [str(notification.pk)]}),
    ):
        assert answer.status == 401


def test_reading_answers_item_by_item(author: Phone, stranger: Phone) -> None:
    mine, kept, theirs = tell(author), tell(author), tell(stranger)
    nothing = str(uuid.uuid4())

    answer = author.post(
        "notifications/read", {"ids": [str(mine.pk), str(theirs.pk), nothing, str(kept.pk)]}
    )

    assert steady(answer.json) == golden(__file__, "read")
    assert [one["id"] for one in answer.json["results"]] == [
        str(mine.pk),
        str(theirs.pk),
        nothing,
        str(kept.pk),
    ]
    assert unread(stranger) == 1


def test_one_in_a_hundred_that_is_not_theirs_spoils_no_other(
    author: Phone, stranger: Phone
) -> None:
    own, theirs = [str(tell(author).pk) for _ in range(99)], str(tell(stranger).pk)

    answer = read(author, ids=[*own[:50], theirs, *own[50:]])

    assert Counter(one["code"] for one in answer["results"]) == {"": 99, "not_found": 1}
    assert (answer["results"][50]["id"], answer["unread"]) == (theirs, 0)
    assert unread(stranger) == 1


def test_reading_again_keeps_the_first_time(author: Phone) -> None:
    notification = tell(author)
    read(author, ids=[str(notification.pk)])
    (first,) = author.get("notifications").json["items"]

    read(author, ids=[str(notification.pk)])

    (again,) = author.get("notifications").json["items"]
    assert again["read_at"] == first["read_at"] == first["seen_at"]
    assert again["read_at"]


def test_up_to_one_marks_that_one_and_what_is_older(author: Phone) -> None:
    oldest, middle, newest = (tell(author) for _ in range(3))

    answer = read(author, up_to=str(middle.pk))

    assert answer == {
        "results": [{"id": str(middle.pk), "status": "applied", "code": ""}],
        "unread": 1,
    }
    unread_ids = Notification.objects.unread().values_list("pk", flat=True)
    assert list(unread_ids) == [newest.pk]
    assert oldest.pk not in unread_ids


def test_a_repeat_under_one_key_is_answered_from_the_first(author: Phone) -> None:
    notification = tell(author)
    marks = {"ids": [str(notification.pk)]}

    first = author.post("notifications/read", marks, idempotency_key="reading-1")
    tell(author)
    again = author.post("notifications/read", marks, idempotency_key="reading-1")

    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("marks", "pointer"),
    [
        ({}, ""),
        ({"ids": []}, "/ids"),
        ({"ids": ["no id"]}, "/ids/0"),
        ({"ids": [str(uuid.UUID(int=1))] * 2}, "/ids"),
        ({"ids": [str(uuid.UUID(int=n)) for n in range(501)]}, "/ids"),
        ({"ids": [str(uuid.UUID(int=1))], "up_to": str(uuid.UUID(int=1))}, ""),
        ({"up_to": None}, "/up_to"),
        ({"all": True}, "/all"),
    ],
)
def test_what_names_nothing_clearly_is_refused(
    author: Phone, marks: dict[str, Any], pointer: str
) -> None:
    answer = author.post("notifications/read", marks)

    assert answer.status == 400
    assert answer.pointers == {pointer}


def test_five_hundred_at_once(author: Phone) -> None:
    ids = [str(uuid.uuid4()) for _ in range(500)]

    assert len(read(author, ids=ids)["results"]) == 500


def test_a_full_page_keeps_its_budget(author: Phone, django_assert_num_queries: Any) -> None:
    data = {"name": "ß" * 80, "title": "ß" * 200}
    for _ in range(100):
        tell(author, data=data)
    author.get("notifications")

    # Bytes and queries are held by `tests/budgets.py` for every answer.
    with django_assert_num_queries(1):
        page = author.get("notifications?limit=100").json
    assert len(page["items"]) == 100


def test_an_inbox_that_did_not_change_is_not_sent_again(author: Phone) -> None:
    tell(author)
    first = author.get("notifications")

    assert author.get("notifications", if_none_match=first.etag).status == 304
    tell(author)
    assert author.get("notifications", if_none_match=first.etag).status == 200


def test_fields_can_be_chosen(author: Phone) -> None:
    tell(author)

    answer = author.get("notifications?fields=id,title")

    (item,) = answer.json["items"]
    assert set(item) == {"id", "title"}


def test_a_name_from_a_deleted_profile_still_reads_well(author: Phone) -> None:
    tell(author, data={"name": "", "title": "Harbour lights"})
    User.objects.filter(pk=author.user_id).update(locale="")

    (item,) = author.get("notifications").json["items"]
    assert item["title"] == "Somebody commented on your post"
