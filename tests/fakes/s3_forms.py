"""Uploads by form as S3 admits them: a policy says what every field and the file must be, and nothing else may come.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.s3_signing import ALGORITHM, Keys, Refused

# Fields that no condition of the policy has to name.
_UNNAMED = {"x-amz-signature", "file", "policy"}


@dataclass(frozen=True)
class Form:
    """The fields before the file, and the file."""

    fields: dict[str, str]
    content: bytes

    @classmethod
    def read(cls, content_type: str, body: bytes) -> "Form":
        """Read a form; what comes after the file is not looked at, as S3 says. Raises Refused."""
        if not content_type.startswith("multipart/form-data"):
            raise Refused(412, "PreconditionFailed", "Bucket POST must be a multipart form.")
        boundary = content_type.partition("boundary=")[2].strip('"').encode()
        first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary)
        if not boundary or first or not parts or not parts[-1].startswith(b"--"):
            raise Refused(400, "MalformedPOSTRequest")
        fields: dict[str, str] = {}
        for part in parts[:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            named = re.search(rb'; name="([^"]*)"', head)
            if named is None:
                raise Refused(400, "MalformedPOSTRequest")
            # Names of fields are compared without regard to case.
            name = named[1].decode().lower()
            if name == "file":
                return cls(fields, content)
            if b"filename=" in head:
                break
            fields[name] = content.decode()
        raise Refused(400, "InvalidArgument", "POST requires exactly one file upload per request.")


def admitted(form: Form, bucket: str, keys: Keys, now: datetime) -> str:
    """Return the key that the file goes to. Raises Refused."""
    fields = form.fields
    if not (fields.get("policy") and fields.get("x-amz-signature")):
        raise Refused(403, "AccessDenied")
    if fields.get("x-amz-algorithm") != ALGORITHM:
        raise Refused(403, "AccessDenied", "Only one algorithm is known.")
    signed = fields["policy"].encode()
    keys.require(fields.get("x-amz-credential", ""), signed, fields["x-amz-signature"])
    document = json.loads(base64.b64decode(signed))
    if now > datetime.fromisoformat(document["expiration"]):
        raise Refused(403, "AccessDenied", "Invalid according to Policy: Policy expired.")
    _judge_fields(document["conditions"], fields | {"bucket": bucket})
    _judge_size(document["conditions"], len(form.content))
    _judge_checksum(fields, form.content)
    return fields["key"]


def _judge_fields(conditions: list[Any], fields: dict[str, str]) -> None:
    named: set[str] = set()
    for condition in conditions:
        for name, holds in _rules(condition, fields):
            named.add(name)
            if not holds:
                raise Refused(403, "AccessDenied", f"Policy Condition failed: {condition}")
    extra = fields.keys() - named - _UNNAMED
    if extra:
        raise Refused(403, "AccessDenied", f"Extra input fields: {', '.join(sorted(extra))}")


def _rules(condition: Any, fields: dict[str, str]) -> list[tuple[str, bool]]:
    """Return the fields that a condition names, and whether each is as it wants it."""
    match condition:
        case dict():
            return [(name.lower(), fields.get(name.lower()) == v) for name, v in condition.items()]
        case ["eq", name, value]:
            field = name.removeprefix("$").lower()
            return [(field, fields.get(field) == value)]
        case ["starts-with", name, value]:
            field = name.removeprefix("$").lower()
            return [(field, fields.get(field, "").startswith(value))]
        case ["content-length-range", _, _]:
            return []
    raise Refused(400, "InvalidPolicyDocument", str(condition))


def _judge_size(conditions: list[Any], size: int) -> None:
    for condition in conditions:
        if isinstance(condition, list) and condition[0] == "content-length-range":
            if size < condition[1]:
                raise Refused(400, "EntityTooSmall")
            if size > condition[2]:
                raise Refused(400, "EntityTooLarge")


def _judge_checksum(fields: dict[str, str], content: bytes) -> None:
    expected = fields.get("x-amz-checksum-sha256")
    if expected and expected != base64.b64encode(hashlib.sha256(content).digest()).decode():
        raise Refused(400, "BadDigest")
