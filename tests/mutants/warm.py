"""Makes the database, and nothing else."""

import pytest


@pytest.mark.django_db
def test_nothing() -> None:
    pass
