"""The store of pictures against somebody else's idea of S3: what is put there comes back, is listed, and goes."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from apps.content import storage
from tests.content.media.camera import fetched


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_what_is_put_comes_back_is_listed_and_goes(moto: str, folder: Path, settings: Any) -> None:
    settings.MEDIA_STORAGE, settings.S3_BUCKET, settings.S3_ENDPOINT_URL = "s3", "pictures", moto
    settings.S3_ACCESS_KEY_ID, settings.S3_SECRET_ACCESS_KEY = "access", "secret"
    settings.S3_ADDRESSING = "path"
    keys = {"aws_access_key_id": "access", "aws_secret_access_key": "secret"}
    boto3.client("s3", endpoint_url=moto, region_name="us-east-1", **keys).create_bucket(
        Bucket="pictures"
    )
    store, names = storage.store(), [f"private/{number}/a b.webp" for number in range(3)]
    for name in names:
        store.put(name, name.encode(), media_type="image/webp")

    assert [(file.key, file.size) for file in store.listing("private/")] == [
        (name, len(name)) for name in names
    ]
    shown = fetched(store.private_url(names[1]))
    assert (shown.content, shown.headers["Content-Type"]) == (names[1].encode(), "image/webp")
    store.fetch(names[0], into := BytesIO(), most=7)
    assert into.getvalue() == b"private"
    assert store.size_of(names[0]) == len(names[0])

    store.delete([*names[:2], "private/absent"])
    assert [file.key for file in store.listing("private/")] == names[2:]
    assert store.size_of(names[0]) is None
    with pytest.raises(storage.Missing):
        store.fetch(names[0], BytesIO(), most=1)
