"""Old apps know two categories; what came later is theirs as well, in words that they understand."""

from tests.notifications.campaigns.desk import written
from tests.phone import Phone

PATH = "notifications/preferences"


def test_what_is_of_a_later_category_is_told_in_words_that_old_apps_know(author: Phone) -> None:
    written()

    (item,) = author.get("notifications").json["items"]

    assert (item["category"], item["topic"]) == ("social", "news")


def test_people_choose_by_every_topic(author: Phone) -> None:
    before = author.get(PATH).json
    assert [one["category"] for one in before["categories"]] == ["social", "security"]
    defaults = {one["topic"]: one["push"] for one in before["topics"]}
    assert defaults == {"social": True, "security": True, "news": True, "marketing": False}

    answer = author.patch(PATH, {"categories": [{"category": "marketing", "push": True}]})

    assert answer.status == 200
    assert {one["topic"]: one["push"] for one in answer.json["topics"]}["marketing"]
