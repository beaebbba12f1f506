"""The demo's people can sign in, and making them twice makes nobody new."""

import json
from pathlib import Path
from typing import Any

from apps.accounts.models import User
from apps.accounts.seed import seed
from tests.phone import Phone


def test_the_people_of_the_demo(settings: Any, tmp_path: Path, phone: Phone) -> None:
    settings.LOCAL_STATE = tmp_path / "state"
    seed()
    seed()

    people = json.loads((tmp_path / "state" / "demo.json").read_text())

    assert [one["label"] for one in people] == ["Staff", "Ada", "Grace"]
    assert User.objects.count() == 3
    for person in people:
        assert phone.login(person["email"], person["password"]).status == 200
        assert phone.user["email_verified"] is True
    assert [user.email for user in User.objects.filter(is_superuser=True)] == ["staff@example.test"]
