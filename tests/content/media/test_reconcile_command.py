"""`manage.py reconcile_media`: silent consent when all is well, names and a failure when it is not."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.content.models import Media
from apps.content.services import uploading
from tests.content.media.camera import ready
from tests.content.media.test_reconciling import aged
from tests.phone import Phone

pytestmark = pytest.mark.django_db


def said(*options: str) -> str:
    """Return what the command says, with its failure last."""
    told = StringIO()
    try:
        call_command("reconcile_media", *options, stdout=told)
    except CommandError as failure:
        return f"{told.getvalue()}FAILED {failure}"
    return told.getvalue()


def test_it_reports_and_mends_only_when_told_to(author: Phone, folder: Path) -> None:
    kept, lost = ready(author), ready(author)
    aged(folder)
    assert said() == said("--deep") == "0 files without a row, 0 broken\n"

    orphan = next(folder.glob(f"private/{lost['id']}/*/small.jpg")).relative_to(folder)
    Media.objects.filter(pk=lost["id"]).delete()
    for _ in range(2):
        assert f"without a row: {orphan}" in said()
        assert "6 files without a row, 0 broken\nFAILED" in said()
    assert f"deleted: {orphan}" in said("--mend")
    assert said() == "0 files without a row, 0 broken\n"

    next(folder.glob(f"private/{kept['id']}/*/large.webp")).unlink()
    for options in ((), ("--mend",)):
        assert f"without all of its files: {kept['id']}\n" in said(*options)
        assert "FAILED" in said(*options)
    uploading.take_down(media_id=kept["id"])
    assert "FAILED" in said()
    assert "FAILED" not in said("--mend")
