"""Working on a post together: who may what, how a share begins and ends, and who learns of it."""

import uuid

import pytest

from apps.content.models import Collaborator
from apps.content.services import collaborating
from tests.content.desk import drafted, published, shared
from tests.content.golden import golden, steady
from tests.phone import Phone


def test_a_viewer_reads_a_draft_and_an_editor_puts_it_into_other_words(
    author: Phone, stranger: Phone
) -> None:
    path = f"posts/{drafted(author)['id']}"
    assert stranger.get(path).code == "post_not_found"

    share = shared(author, path.removeprefix("posts/"), stranger.user_id)
    assert steady(share) == golden("collaborator")
    assert stranger.get(path).json["status"] == "draft"
    assert stranger.patch(path, {"title": "Theirs"}, if_match="*").code == "post_not_found"

    edits = author.put(f"{path}/collaborators/{stranger.user_id}", {"role": "editor"}).json
    assert (edits["role"], edits["rev"]) == ("editor", share["rev"] + 1)
    assert stranger.patch(path, {"title": "Theirs"}, if_match="*").json["title"] == "Theirs"

    who_reads = stranger.patch(path, {"visibility": "unlisted"}, if_match="*")
    assert (who_reads.status, who_reads.code) == (403, "owner_only")
    for verb in ("publish", "archive"):
        assert stranger.post(f"{path}/{verb}").code == "post_not_found"
    assert stranger.delete(path, if_match="*").code == "post_not_found"
    more = stranger.put(f"{path}/collaborators/{stranger.user_id}", {"role": "editor"})
    assert more.status in {400, 404}


def test_a_share_opens_one_post_and_no_other(author: Phone, stranger: Phone) -> None:
    opened, other = drafted(author)["id"], drafted(author)["id"]
    shared(author, opened, stranger.user_id, role="editor")

    assert stranger.get(f"posts/{opened}").status == 200
    assert stranger.get(f"posts/{other}").code == "post_not_found"
    change = stranger.patch(f"posts/{other}", {"title": "Theirs"}, if_match="*")
    assert change.code == "post_not_found"


def test_those_who_work_on_it_know_each_other(author: Phone, stranger: Phone, phone: Phone) -> None:
    post = published(author)
    path = f"posts/{post['id']}/collaborators"
    assert author.get(path).json == {"items": [], "next": None}

    shared(author, post["id"], stranger.user_id)

    for insider in (author, stranger):
        seen = insider.get(path).json["items"]
        assert [item["user"]["display_name"] for item in seen] == ["Sam Stranger"]
    phone.verified("reader@example.test")
    assert phone.get(f"posts/{post['id']}").status == 200
    assert phone.get(path).code == "post_not_found"


def test_what_is_shared_with_somebody_is_listed_and_told(author: Phone, stranger: Phone) -> None:
    draft = drafted(author)
    shared(author, draft["id"], stranger.user_id)
    shared(author, draft["id"], stranger.user_id, role="editor")

    listed = stranger.get("posts/shared").json["items"]
    assert [(item["role"], item["post"]["id"]) for item in listed] == [("editor", draft["id"])]
    assert "body" not in listed[0]["post"]
    assert stranger.get("posts").json["items"] == author.get("posts/shared").json["items"] == []
    told = stranger.get("notifications").json["items"]
    assert [item["kind"] for item in told] == ["post_shared"]


@pytest.mark.parametrize("who", ["author", "stranger"])
def test_a_share_ends_from_either_side_and_may_begin_again(
    author: Phone, stranger: Phone, who: str
) -> None:
    draft = drafted(author)
    path = f"posts/{draft['id']}/collaborators/{stranger.user_id}"
    first = shared(author, draft["id"], stranger.user_id, role="editor")

    leaver = author if who == "author" else stranger
    assert leaver.delete(path).status == 204
    assert author.delete(path).code == "collaborator_not_found"
    assert stranger.delete(path).code == "post_not_found"
    assert stranger.get(f"posts/{draft['id']}").code == "post_not_found"
    assert stranger.get("posts/shared").json["items"] == []
    assert stranger.get("notifications").json["items"] == []
    assert Collaborator.objects.get().deleted_at

    again = shared(author, draft["id"], stranger.user_id)
    assert (again["role"], again["rev"]) == ("viewer", first["rev"] + 2)
    assert len(stranger.get("notifications").json["items"]) == 1


def test_with_whom_nothing_is_shared(
    author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"posts/{drafted(author)['id']}/collaborators"

    def answer(user_id: object, phone: Phone = author) -> str:
        return phone.put(f"{path}/{user_id}", {"role": "viewer"}).code

    assert answer(author.user_id) == "own_share"
    assert answer(uuid.uuid4()) == "user_not_found"
    stranger.post("me/blocks", {"user_id": author.user_id})
    assert answer(stranger.user_id) == "user_not_found"
    stranger.delete(f"me/blocks/{author.user_id}")
    monkeypatch.setattr(collaborating, "MAX_COLLABORATORS", 0)
    assert answer(stranger.user_id) == "too_many_collaborators"
    assert author.put(f"{path}/{stranger.user_id}", {"role": "owner"}).pointers == {"/role"}
