"""Two stream servers for all stories of a file: an app may come to either."""

from collections.abc import Iterator

import pytest

from tests.notifications.streams.servers import Server, stream_server


@pytest.fixture(scope="package")
def servers(
    django_db_setup: None, django_db_blocker: pytest.FixtureRequest
) -> Iterator[list[Server]]:
    with stream_server() as one, stream_server() as other:
        yield [one, other]


@pytest.fixture
def server(servers: list[Server], transactional_db: None) -> Server:
    return servers[0]
