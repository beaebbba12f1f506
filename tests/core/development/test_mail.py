"""Mail on a developer's machine: whole files, in the order in which they were sent."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives

from apps.core.development.mail import EmlFileBackend


def message(subject: str) -> EmailMultiAlternatives:
    made = EmailMultiAlternatives(subject, "Grüße", to=["ada@example.test"])
    made.attach_alternative("<p>Grüße</p>", "text/html")
    return made


def test_each_message_is_a_file(tmp_path: Path) -> None:
    backend = EmlFileBackend(folder=tmp_path / "mail")

    assert backend.send_messages([message("first"), message("second")]) == 2

    files = sorted((tmp_path / "mail").iterdir())
    read = [message_from_bytes(one.read_bytes(), policy=policy.default) for one in files]
    assert [one["Subject"] for one in read] == ["first", "second"]
    assert read[0]["To"] == "ada@example.test"
    assert read[0].get_body(("plain",)).get_content().strip() == "Grüße"
    assert read[0].get_body(("html",)).get_content().strip() == "<p>Grüße</p>"


def test_nobody_sees_half_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[Path]] = []
    write = Path.write_bytes

    def watched(path: Path, content: bytes) -> int:
        half = write(path, content[:10])
        seen.append(list(tmp_path.glob("*.eml")))
        return half + write(path, content)

    monkeypatch.setattr(Path, "write_bytes", watched)

    EmlFileBackend(folder=tmp_path).send_messages([message("whole")])

    assert seen == [[]]
    assert [one.suffix for one in tmp_path.iterdir()] == [".eml"]
