"""Makes the database, and empties it: it may be one that an earlier run was stopped in."""

import pytest


@pytest.mark.django_db(transaction=True)
def test_nothing() -> None:
    pass
