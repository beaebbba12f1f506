"""What notifications say by mail: whole in every language, checked before anything starts, one line for each word."""

from dataclasses import replace

import pytest
from django.conf import settings as product

from apps.notifications import checks
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.rendering import letters
from apps.notifications.rendering.letters import LETTERS

LANGUAGES = [code for code, _ in product.LANGUAGES]
LINKS = {"link": "app://post/1", "unsubscribe": "https://x.test/u"}


@pytest.mark.parametrize("name", LETTERS.names())
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_say_the_same(name: str, language: str) -> None:
    letter = letters.written(
        name, {"name": "Sam", "title": "Harbour & lights", "count": 7}, language, **LINKS
    )

    assert letter.subject
    for word in ("Harbour & lights", *LINKS.values(), product.PROJECT_NAME):
        assert word in letter.text
        assert word.replace("&", "&amp;") in letter.html
    assert f'lang="{language}"' in letter.html
    assert ("Unsubscribe" in letter.html) == (language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_mail_about_safety_has_no_way_out(language: str) -> None:
    letter = letters.written("post_shared", {"name": "Sam", "title": "x"}, language, link="")

    for part in (letter.text, letter.html):
        assert "nsubscribe" not in part
        assert "bbestellen" not in part
        assert ("Sicherheit" if language == "de" else "safety") in part


def test_what_people_typed_is_one_short_line() -> None:
    typed = "Win\r\nBcc: all@example.test\n\n" + "now! " * 60

    letter = letters.written("comment_created", {"name": typed, "title": "<b>x</b>"}, "en", **LINKS)

    assert "\n" not in letter.subject
    assert len(letter.subject) == letters.MAX_SUBJECT
    assert "\nBcc" not in letter.text
    assert "&lt;b&gt;x&lt;/b&gt;" in letter.html


def test_the_start_fails_without_a_letter_or_for_a_word_nobody_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert checks.check_letters() == []
    by_mail = {"channels": frozenset({Channel.EMAIL})}
    monkeypatch.setitem(KINDS, "content_hidden", replace(KINDS["content_hidden"], **by_mail))
    shared = replace(KINDS["post_shared"], data=frozenset({"name"}), **by_mail)
    monkeypatch.setitem(KINDS, "post_shared", shared)

    faults = [fault.msg for fault in checks.check_letters()]

    assert sum("there is no templates/notifications/email/content_hidden" in one for one in faults)
    assert sum("nobody gives title" in one for one in faults) == len(LANGUAGES)
