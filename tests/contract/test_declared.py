"""What holds every answer of the suite to the document notices what it should."""

import json
from typing import Any

import pytest

from tests.declared import Undeclared, compare
from tests.phone import Answer, Phone


def answered(document: Any, status: int = 200, kind: str = "application/json") -> Answer:
    return Answer(status, {"Content-Type": kind}, json.dumps(document).encode())


@pytest.fixture
def post(author: Phone) -> dict[str, Any]:
    """One that the product answered itself."""
    made: dict[str, Any] = author.post("posts", {"title": "Harbour lights"}).json
    return made


WRONG: dict[str, Any] = {
    "one member more": lambda post: {**post, "password": "x"},
    "one more further in": lambda post: {**post, "author": {**post["author"], "email": "x"}},
    "one less": lambda post: {name: post[name] for name in post if name != "title"},
    "another type": lambda post: {**post, "rev": "1"},
    "no id": lambda post: {**post, "id": "1"},
    "no moment": lambda post: {**post, "created_at": "yesterday"},
    "a list": lambda post: [post],
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_as_declared_is_noticed(post: dict[str, Any], change: Any) -> None:
    asked = f"GET /api/v1/posts/{post['id']}"
    compare(asked, answered(post))

    with pytest.raises(Undeclared):
        compare(asked, answered(change(post)))


def test_of_chosen_members_none_is_required_and_none_is_new(post: dict[str, Any]) -> None:
    asked = f"GET /api/v1/posts/{post['id']}?fields=id"
    compare(asked, answered({"id": post["id"]}))

    with pytest.raises(Undeclared):
        compare(asked, answered({"id": post["id"], "email": "x"}))


def test_a_status_a_type_and_an_operation_nobody_declared(post: dict[str, Any]) -> None:
    for asked, answer in (
        ("GET /api/v1/feed", answered({}, status=202)),
        ("GET /api/v1/feed", answered({}, kind="text/html")),
        ("GET /api/v1/nothing", answered({})),
        ("DELETE /api/v1/feed", answered({})),
        ("POST /api/v1/auth/logout", answered({"more": 1}, status=204)),
    ):
        with pytest.raises(Undeclared):
            compare(asked, answer)


def test_problems_are_held_to_their_shape(author: Phone) -> None:
    problem = author.get("posts/nothing").json
    kind = "application/problem+json"
    compare("GET /api/v1/posts/nothing", answered(problem, 404, kind))

    with pytest.raises(Undeclared):
        compare("GET /api/v1/posts/nothing", answered({**problem, "sql": "x"}, 404, kind))
