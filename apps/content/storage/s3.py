"""Files in whatever speaks S3: uploads go there directly, under a policy that says what they may be."""

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import batched
from typing import IO, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from django.conf import settings

from apps.content.errors import StorageUnavailable
from apps.content.storage.base import IMMUTABLE, PUBLIC, Grant, Missing, Stored

_BLOCK = 256 * 1024
_ABSENT = {"404", "NoSuchKey", "NotFound"}
# What one request may delete.
_AT_ONCE = 1000


class S3Store:
    """One bucket. A CDN may read below `public/` and nothing else; nobody may list it."""

    def __init__(self) -> None:
        self.bucket: str = settings.S3_BUCKET

    @cached_property
    def _client(self) -> Any:
        connect, read = settings.STORAGE_TIMEOUTS
        return boto3.client(
            "s3",
            endpoint_url=settings.S3_ENDPOINT_URL or None,
            region_name=settings.S3_REGION,
            aws_access_key_id=settings.S3_ACCESS_KEY_ID or None,
            aws_secret_access_key=settings.S3_SECRET_ACCESS_KEY or None,
            config=Config(
                signature_version="s3v4",
                connect_timeout=connect,
                read_timeout=read,
                # Whoever asks repeats: a phone its request, the worker its job.
                retries={"total_max_attempts": 1, "mode": "standard"},
                s3={"addressing_style": settings.S3_ADDRESSING},
            ),
        )

    # Grants and links

    def grant(self, key: str, *, size: int, media_type: str, sha256: bytes) -> Grant:
        seconds = settings.MEDIA_GRANT_SECONDS
        fields = {
            "Content-Type": media_type,
            "x-amz-checksum-sha256": base64.b64encode(sha256).decode(),
        }
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        with _answered():
            signed = self._client.generate_presigned_post(
                self.bucket,
                key,
                Fields=fields,
                Conditions=[*conditions, ["content-length-range", size, size]],
                ExpiresIn=seconds,
            )
        expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
        return Grant(signed["url"], signed["fields"], expires_at)

    def public_prefix(self) -> str:
        return f"{settings.MEDIA_ORIGIN}/"

    def private_url(self, key: str) -> str:
        with _answered():
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self.bucket, "Key": key},
                ExpiresIn=settings.MEDIA_LINK_SECONDS,
            )
        return url

    # Files

    def size_of(self, key: str) -> int | None:
        try:
            with _answered():
                found = self._client.head_object(Bucket=self.bucket, Key=key)
        except Missing:
            return None
        return int(found["ContentLength"])

    def fetch(self, key: str, target: IO[bytes], *, most: int) -> None:
        with _answered():
            body = self._client.get_object(Bucket=self.bucket, Key=key)["Body"]
            with body:
                while most and (block := body.read(min(_BLOCK, most))):
                    target.write(block)
                    most -= len(block)

    def put(self, key: str, content: bytes, *, media_type: str) -> None:
        with _answered():
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                ContentType=media_type,
                ContentDisposition="inline",
                CacheControl=IMMUTABLE if key.startswith(PUBLIC) else "private, no-cache",
                ChecksumAlgorithm="SHA256",
            )

    def delete(self, keys: Iterable[str]) -> None:
        for some in batched(keys, _AT_ONCE):
            with _answered():
                objects = [{"Key": key} for key in some]
                self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True}
                )

    def listing(self, prefix: str) -> Iterator[Stored]:
        with _answered():
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix):
                for found in page.get("Contents", ()):
                    yield Stored(found["Key"], found["Size"], found["LastModified"])


@contextmanager
def _answered() -> Iterator[None]:
    """Tell a file that is not there from a store that does not answer; whatever else it says is ours to mend."""
    try:
        yield
    except ClientError as failure:
        if failure.response["Error"]["Code"] in _ABSENT:
            raise Missing from failure
        raise StorageUnavailable from failure
    except (BotoCoreError, HTTPClientError) as failure:
        raise StorageUnavailable from failure
