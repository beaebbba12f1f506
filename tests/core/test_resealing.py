"""Encryption at rest: bound to its row, absent in the clear, and moved to a new key without loss."""

import base64
import os
import secrets
import signal
import subprocess
import sys
import uuid
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BinaryField

from apps.accounts.models import User
from apps.core import crypto, resealing
from apps.core.crypto import Undecipherable
from apps.devices.models import Device
from tests.devices.pockets import register
from tests.phone import Phone
from tests.stack import with_path


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def sealed_devices(count: int) -> dict[uuid.UUID, str]:
    """Make devices with push addresses; return what each is called in the clear."""
    told = {}
    for number in range(count):
        user = User.objects.create(display_name=f"Owner {number}")
        device = Device(
            installation_id=f"installation-{number}",
            user=user,
            platform="ios",
            last_seen_at=user.created_at,
            push_provider="fcm",
            push_address_kind="token",
            push_environment="production",
            push_index=secrets.token_bytes(32),
            push_registered_at=user.created_at,
        )
        told[device.pk] = f"canary-{secrets.token_hex(8)}"
        device.push_address = crypto.seal(told[device.pk], row=device.seal)
        device.save(force_insert=True)
    return told


def opened() -> dict[uuid.UUID, str]:
    return {
        device.pk: crypto.open_sealed(bytes(device.push_address), row=device.seal)
        for device in Device.objects.all()
    }


def test_every_sealed_column_is_registered() -> None:
    named = {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, BinaryField)
        and ("sealed" in field.name or field.name == "push_address")
    }

    assert named == {str(column) for column in crypto.sealed_columns}


def test_a_value_opens_in_its_own_row_alone(db: None) -> None:
    first, second = list(sealed_devices(2))
    one, other = Device.objects.get(pk=first), Device.objects.get(pk=second)
    Device.objects.filter(pk=first).update(push_address=other.push_address)

    stolen = bytes(Device.objects.get(pk=first).push_address)
    with pytest.raises(Undecipherable):
        crypto.open_sealed(stolen, row=one.seal)
    flipped = bytearray(bytes(other.push_address))
    flipped[-1] ^= 1
    with pytest.raises(Undecipherable):
        crypto.open_sealed(bytes(flipped), row=other.seal)


def test_no_table_holds_it_in_the_clear(author: Phone) -> None:
    canary = f"canary:{secrets.token_hex(16)}"
    register(author)
    author.put(
        f"devices/{author.installation_id}/push-address",
        {"provider": "fcm", "kind": "token", "address": canary},
    )
    assert Device.objects.exclude(push_address=None).count() == 1

    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"SELECT string_agg(rows::text, ' ') FROM {table} AS rows")
            text = cursor.fetchone()[0] or ""
            assert canary not in text
            assert canary.encode().hex() not in text


def test_rotation_moves_everything_and_loses_nothing(db: None, settings: Any) -> None:
    told = sealed_devices(7)
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = [new_key(), *old]
    assert opened() == told

    said = StringIO()
    call_command("rotate_keys", batch=3, stdout=said)

    assert "devices_device.push_address: 0 left" in said.getvalue()
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert opened() == told


def test_stopped_in_the_middle_it_goes_on_where_it_was(db: None, settings: Any) -> None:
    told = sealed_devices(7)
    settings.FIELD_KEYS = [new_key(), *settings.FIELD_KEYS]

    first = next(iter(resealing.reseal(batch=3)))
    assert first.moved == 3
    assert opened() == told
    assert resealing.left()["devices_device.push_address"] == 4

    assert sum(done.moved for done in resealing.reseal(batch=3)) == 4
    assert resealing.left()["devices_device.push_address"] == 0
    assert [done.moved for done in resealing.reseal()] == []
    assert opened() == told


# Ends in the middle of the second batch of three, as `kill -9` would end it.
KILLED = """
import os, signal, django; django.setup()
from apps.core import crypto, resealing
seal, sealed = crypto.seal, []
def fatal(*args, **named):
    sealed.append(args)
    if len(sealed) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return seal(*args, **named)
crypto.seal = fatal
list(resealing.reseal(batch=3))
"""


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_of_a_batch_it_goes_on_where_it_was(settings: Any) -> None:
    told = sealed_devices(7)
    settings.FIELD_KEYS = [new_key(), *settings.FIELD_KEYS]
    database = with_path(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"]))
    its_own = {"DATABASE_URL": database, "FIELD_KEYS": ",".join(settings.FIELD_KEYS)}

    killed = subprocess.run([sys.executable, "-c", KILLED], env=os.environ | its_own, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    assert opened() == told
    assert resealing.left()["devices_device.push_address"] == 4, "the second batch is undone"

    call_command("rotate_keys", stdout=StringIO())

    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert opened() == told


def test_whoever_changes_a_value_meanwhile_has_won(db: None, settings: Any) -> None:
    (pk,) = sealed_devices(1)
    device = Device.objects.get(pk=pk)
    settings.FIELD_KEYS = [new_key(), *settings.FIELD_KEYS]
    column = next(c for c in crypto.sealed_columns if c.model is Device)
    newer = crypto.seal("newer", row=device.seal)
    Device.objects.filter(pk=pk).update(push_address=newer)

    assert resealing._move(column, [device]).moved == 0

    assert opened() == {pk: "newer"}


def test_what_no_key_opens_is_named_and_stops_nothing(db: None, settings: Any) -> None:
    lost, *_ = sealed_devices(3)
    Device.objects.filter(pk=lost).update(push_address=b"\x01" + bytes(40))
    settings.FIELD_KEYS = [new_key(), *settings.FIELD_KEYS]

    with pytest.raises(CommandError, match=str(lost)):
        call_command("rotate_keys", stdout=StringIO())

    assert resealing.left()["devices_device.push_address"] == 1
