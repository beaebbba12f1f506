"""What people want to hear, through the wire."""

from typing import Any

import pytest

from tests.golden import golden, steady
from tests.phone import Phone

PATH = "notifications/preferences"


def test_whoever_never_chose_hears_the_defaults(author: Phone, phone: Phone) -> None:
    answer = author.get(PATH)

    assert answer.status == 200
    assert steady(answer.json) == golden(__file__, "preferences")
    assert phone.get(PATH).status == phone.patch(PATH, {}).status == 401


def test_what_is_named_changes_and_the_rest_stays(author: Phone, stranger: Phone) -> None:
    hours = {"begin": "22:00", "end": "07:00"}
    author.patch(PATH, {"categories": [{"category": "social", "push": False}]})
    author.patch(PATH, {"quiet_hours": hours, "muted_until": "2031-01-01T00:00:00Z"})
    answer = author.patch(PATH, {"categories": [{"category": "social", "email": True}]})

    assert answer.status == 200
    social = answer.json["categories"][0]
    assert (social["push"], social["email"], social["in_app"]) == (False, True, True)
    assert answer.json["quiet_hours"] == hours
    assert answer.json["muted_until"] == "2031-01-01T00:00:00Z"
    assert author.get(PATH).json == answer.json
    assert stranger.get(PATH).json["quiet_hours"] is None

    cleared = author.patch(PATH, {"quiet_hours": None, "muted_until": None}).json
    assert cleared["quiet_hours"] is cleared["muted_until"] is None
    assert cleared["categories"] == answer.json["categories"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"categories": [{"category": "security", "push": False}]}, "/categories/0/category"),
        ({"categories": [{"category": "gossip", "push": False}]}, "/categories/0/category"),
        ({"categories": [{"category": "social", "pigeon": True}]}, "/categories/0/pigeon"),
        ({"quiet_hours": {"begin": "22:00"}}, "/quiet_hours/end"),
        ({"quiet_hours": {"begin": "22:00", "end": "22:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"begin": "25:00", "end": "07:00"}}, "/quiet_hours/begin"),
        ({"muted_until": "tomorrow"}, "/muted_until"),
    ],
)
def test_what_can_not_be_chosen_is_refused(
    author: Phone, change: dict[str, Any], pointer: str
) -> None:
    answer = author.patch(PATH, change)

    assert answer.status == 400
    assert answer.pointers == {pointer}
