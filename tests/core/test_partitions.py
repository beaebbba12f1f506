"""Months of a table: made ahead, filled by id, and dropped whole."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from apps.core.ids import first_id
from apps.core.partitions import drop_before, make_ahead, split_by_month

DECEMBER = datetime(2031, 12, 15, tzinfo=UTC)


@pytest.fixture
def parcels(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE parcels (id uuid NOT NULL, batch uuid NOT NULL)")
    split_by_month("parcels", "batch")


def put(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO parcels VALUES (%s, %s)", [uuid.uuid4(), first_id(moment)])


def places() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM parcels ORDER BY 1")
        return [place for (place,) in cursor.fetchall()]


def test_every_row_lies_in_the_month_of_its_id(parcels: None) -> None:
    assert make_ahead("parcels", "batch", months=2, now=DECEMBER) == [
        "parcels_2031_12",
        "parcels_2032_01",
        "parcels_2032_02",
    ]
    assert make_ahead("parcels", "batch", months=2, now=DECEMBER) == []

    put(datetime(2031, 12, 1, tzinfo=UTC))
    put(datetime(2032, 1, 1, tzinfo=UTC) - timedelta(milliseconds=1))
    put(datetime(2032, 1, 1, tzinfo=UTC))

    assert places() == ["parcels_2031_12", "parcels_2031_12", "parcels_2032_01"]


def test_what_came_before_its_month_was_made_moves_into_it(parcels: None) -> None:
    put(DECEMBER)
    put(datetime(2040, 1, 1, tzinfo=UTC))
    assert places() == ["parcels_rest", "parcels_rest"]

    make_ahead("parcels", "batch", months=0, now=DECEMBER)

    assert places() == ["parcels_2031_12", "parcels_rest"]


def test_a_month_goes_when_all_of_it_is_past_keeping(parcels: None) -> None:
    make_ahead("parcels", "batch", months=2, now=DECEMBER)
    put(DECEMBER)

    assert drop_before("parcels", datetime(2031, 12, 31, tzinfo=UTC)) == []
    assert drop_before("parcels", datetime(2032, 1, 1, tzinfo=UTC)) == ["parcels_2031_12"]

    assert places() == []
