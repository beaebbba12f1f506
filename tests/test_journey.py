"""The journey of `make journey` is a promise, so it is a test as well."""

from pathlib import Path

from tests.journey import play


def test_a_phones_first_journey(tmp_path: Path) -> None:
    story: list[str] = []

    play(tmp_path, story.append)

    assert story[-1] == "The provider's ledger holds 1 push. Nothing lost, nothing twice."
