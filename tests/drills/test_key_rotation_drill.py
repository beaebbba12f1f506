"""Key rotation is killed again and again, and still moves everything."""

import os
import secrets
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection

from apps.core import resealing
from tests.core.test_resealing import new_key, opened, sealed_devices

pytestmark = [pytest.mark.drill, pytest.mark.django_db(transaction=True)]

ROWS, KILLS = 400, 5


def test_killed_in_the_middle_it_goes_on(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    told = sealed_devices(ROWS)
    settings.FIELD_KEYS = [new_key(), *project.FIELD_KEYS]
    seen = [resealing.left()["devices_device.push_address"]]
    for _ in range(KILLS):
        with rotating(settings.FIELD_KEYS) as program:
            assert program.stdout is not None
            for _ in range(secrets.randbelow(20) + 5):
                program.stdout.readline()
            program.kill()
        seen.append(resealing.left()["devices_device.push_address"])
        assert opened() == told
    with rotating(settings.FIELD_KEYS) as program:
        assert program.wait(120) == 0

    with capsys.disabled():
        print(f"\nleft after each of {KILLS} kills: {seen[1:]} of {ROWS}")
    assert seen == sorted(seen, reverse=True)
    assert 0 < seen[-1] < ROWS
    assert set(resealing.left().values()) == {0}
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert opened() == told


def rotating(keys: list[str]) -> "subprocess.Popen[str]":
    """Start `manage.py rotate_keys` on this test's database, a row at a time."""
    place = connection.settings_dict
    url = f"postgres://{place['USER']}:{place['PASSWORD']}@{place['HOST']}:{place['PORT']}/{place['NAME']}"
    environment = {**os.environ, "DATABASE_URL": url, "FIELD_KEYS": ",".join(keys)}
    command = [sys.executable, "manage.py", "rotate_keys", "--batch", "1"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
