"""Many phones at once: an address has one owner, an installation one row."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.devices.models import Device
from tests.devices.pockets import register, set_address
from tests.phone import Answer, Phone, in_process

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(deeds: list[Callable[[], Answer]]) -> list[Answer]:
    """Do everything at the same time, each on a connection of its own."""

    def alone(deed: Callable[[], Answer]) -> Answer:
        try:
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(alone, deeds))


@pytest.fixture
def generous(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"write": (10_000, 60)}


def test_fifty_claims_of_one_address_by_two_people_leave_one_owner(
    author: Phone, stranger: Phone, generous: None
) -> None:
    register(author)
    register(stranger)

    def claim(phone: Phone) -> Callable[[], Answer]:
        phone = Phone(installation_id=phone.installation_id, access=phone.access, line=in_process())
        return lambda: set_address(phone, "one-address")

    answers = at_once([claim(phone) for _ in range(25) for phone in (author, stranger)])

    # Both clocks are the server's here: whoever is overtaken on the way is told so.
    assert Counter(answer.status for answer in answers).keys() <= {200, 409}
    assert sum(answer.status == 200 for answer in answers) >= 1
    assert Device.objects.reachable().count() == 1


def test_two_phones_that_swap_addresses_do_not_wait_for_each_other(
    author: Phone, stranger: Phone, generous: None
) -> None:
    for phone, address in ((author, "a"), (stranger, "b")):
        register(phone)
        set_address(phone, address)

    def claim(phone: Phone, address: str) -> Callable[[], Answer]:
        phone = Phone(installation_id=phone.installation_id, access=phone.access, line=in_process())
        return lambda: set_address(phone, address)

    answers = at_once(
        [
            claim(phone, address)
            for _ in range(15)
            for phone, address in ((author, "b"), (stranger, "a"), (author, "a"), (stranger, "b"))
        ]
    )

    assert {answer.status for answer in answers} <= {200, 409}
    assert Device.objects.reachable().count() <= 2


def test_a_new_installation_that_registers_many_times_at_once_is_one_row(
    author: Phone, generous: None
) -> None:
    def appear() -> Answer:
        phone = Phone(installation_id="brand-new", access=author.access, line=in_process())
        return register(phone)

    answers = at_once([appear] * 20)

    assert Counter(answer.status for answer in answers) == {201: 1, 200: 19}
    assert Device.objects.filter(installation_id="brand-new").count() == 1
