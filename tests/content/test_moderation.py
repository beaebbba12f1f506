"""From a complaint to its end: the queue fills, staff judge, authors are told what and never by whom."""

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.content.models import Case, Report
from apps.content.services import reporting
from apps.core.models import AuditEvent
from tests.content.desk import commented, drafted, published
from tests.content.media import camera
from tests.phone import Answer, Phone

QUEUE = reverse("admin:content_case_changelist")


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.test", "x"))
    return client


def complain(phone: Phone, kind: str, target: str, **more: Any) -> Answer:
    body = {"target_type": kind, "target_id": target, "reason": "spam"} | more
    return phone.post("reports", body)


def judge(desk: Client, verb: str) -> str:
    """Do something about every case there is."""
    chosen = [str(case.pk) for case in Case.objects.all()]
    form = {"action": verb, "_selected_action": chosen}
    return desk.post(QUEUE, form, follow=True).content.decode()


def test_a_reported_picture_is_seen_in_the_queue_and_on_its_post(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    post = published(author)
    camera.shown_by(post["id"])
    assert complain(stranger, "post", post["id"]).status == 201
    case = Case.objects.get()

    for address in (
        QUEUE,
        reverse("admin:content_case_change", args=[case.pk]),
        reverse("admin:content_post_change", args=[post["id"]]),
    ):
        page = desk.get(address)
        assert page.content.decode().count('<img class="preview"') == 1, address
        assert settings.MEDIA_ORIGIN in page.headers["Content-Security-Policy"]


def test_complaints_about_one_thing_are_one_case(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    third = Phone().verified("third@example.test", display_name="Third")
    post = published(author, title="Buy now")

    first = complain(stranger, "post", post["id"], note="Sells <b>watches</b>.")
    again = complain(stranger, "post", post["id"], reason="other")
    assert (first.status, again.status, first.json) == (201, 200, again.json)
    assert complain(third, "post", post["id"]).status == 201

    case = Case.objects.get()
    assert (case.report_count, case.state) == (2, "open")
    queue = desk.get(f"{QUEUE}?state__exact=open").content.decode()
    assert "Buy now" in queue
    page = desk.get(reverse("admin:content_case_change", args=[case.pk])).content.decode()
    assert "2 spam" in page
    assert "Sells &lt;b&gt;watches" in page
    for shown in (queue, page):
        assert "Sam Stranger" not in shown
        assert stranger.email not in shown


def test_what_can_be_reported(author: Phone, stranger: Phone, phone: Phone) -> None:
    post = published(author)
    said = commented(author, post["id"])
    for kind, target in (("post", post["id"]), ("comment", said["id"]), ("person", author.user_id)):
        assert complain(stranger, kind, target).status == 201
        assert complain(author, kind, target).code == "own_target"
        assert complain(stranger, kind, str(uuid.uuid4())).code == "target_not_found"
    assert complain(stranger, "post", drafted(author)["id"]).code == "target_not_found"
    assert complain(stranger, "post", said["id"]).code == "target_not_found"
    assert complain(stranger, "planet", said["id"]).pointers == {"/target_type"}
    assert complain(phone, "post", post["id"]).status == 401


def test_a_days_complaints_have_an_end(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "MOST_A_DAY", 1)
    complain(stranger, "post", published(author)["id"])

    answer = complain(stranger, "post", published(author)["id"])

    assert (answer.status, answer.code) == (429, "too_many_reports")
    assert int(answer.headers["Retry-After"]) > 0
    assert Report.objects.count() == Case.objects.count() == 1


def test_a_post_is_hidden_and_shown_again(desk: Client, author: Phone, stranger: Phone) -> None:
    post = published(author)
    complain(stranger, "post", post["id"])

    for _ in range(2):
        assert "1 hidden." in judge(desk, "hide")
    assert Case.objects.get().state == "upheld"
    assert stranger.get(f"posts/{post['id']}").code == "post_not_found"
    assert stranger.get("feed").json["items"] == []
    own = author.get(f"posts/{post['id']}").json
    assert own["hidden_at"]
    (told,) = author.get("notifications").json["items"]
    assert told["kind"] == "content_hidden"
    assert "Stranger" not in str(told)
    assert "content.case" in set(AuditEvent.objects.values_list("model", flat=True))

    judge(desk, "restore")
    assert Case.objects.get().state == "dismissed"
    assert stranger.get(f"posts/{post['id']}").json["hidden_at"] is None


def test_a_hidden_comment_is_counted_off_with_its_replies(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    post = published(author)
    root, other = commented(stranger, post["id"]), commented(author, post["id"])
    reply, short = (commented(author, post["id"], reply_to=root["id"]) for _ in range(2))
    path = f"posts/{post['id']}"

    def count() -> int:
        return author.get(path).json["comment_count"]

    complain(author, "comment", root["id"])
    judge(desk, "hide")
    assert count() == 1
    assert [one["id"] for one in stranger.get(f"{path}/comments").json["items"]] == [other["id"]]
    assert stranger.get(f"{path}/comments/{reply['id']}").code == "comment_not_found"
    assert author.delete(f"{path}/comments/{short['id']}").status == 204
    assert count() == 1

    judge(desk, "restore")
    assert count() == 3
    assert author.get(f"{path}/comments/{root['id']}").json["reply_count"] == 1


def test_a_dismissed_case_is_opened_by_the_next_complaint(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    post = published(author)
    complain(stranger, "post", post["id"])
    judge(desk, "dismiss")
    assert stranger.get(f"posts/{post['id']}").status == 200

    complain(Phone().verified("third@example.test"), "post", post["id"])

    case = Case.objects.get()
    assert (case.state, case.closed_at, case.report_count) == ("open", None, 2)


def test_an_author_is_suspended_and_all_of_theirs_with_them(
    desk: Client, author: Phone, stranger: Phone
) -> None:
    published(author)
    complain(stranger, "person", author.user_id)

    assert "can be suspended, not hidden" in judge(desk, "hide")
    judge(desk, "suspend_author")

    assert not User.objects.get(pk=author.user_id).is_active
    assert stranger.get("feed").json["items"] == []
    assert author.refresh().status == 401


def test_looking_is_no_licence_to_judge(author: Phone, stranger: Phone) -> None:
    complain(stranger, "post", published(author)["id"])
    support = User.objects.create(email="support@example.test", is_staff=True)
    support.user_permissions.add(Permission.objects.get(codename="view_case"))
    client = Client()
    client.force_login(support)
    assert client.get(QUEUE).status_code == 200

    for verb in ("hide", "dismiss", "suspend_author"):
        judge(client, verb)

    assert Case.objects.get().state == "open"
    assert client.get(reverse("admin:content_report_changelist")).status_code == 403
