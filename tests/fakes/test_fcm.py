"""The fake itself: it refuses what Google would refuse, and its ledger outlives it."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from apps.notifications.providers.service_account import ServiceAccount
from apps.notifications.providers.wire.http1 import KeptConnections
from tests.fakes.fcm import FakeFcm
from tests.fakes.fcm_answers import _ANSWERS, answer_named
from tests.fakes.service_account import PROJECT, SCOPE

SEND = f"/v1/projects/{PROJECT}/messages:send"


@pytest.fixture
def fake(tmp_path: Path) -> Any:
    with FakeFcm(tmp_path / "fcm.jsonl") as fake:
        yield fake


def sent(url: str, credentials: str, message: dict[str, Any]) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {asyncio.run(_token(credentials))}"}
    return httpx2.post(url + SEND, json={"message": message}, headers=headers)


async def _token(credentials: str) -> str:
    client = KeptConnections(connect=1, read=1)
    try:
        return await ServiceAccount(credentials, SCOPE, client).token()
    finally:
        await client.close()


@pytest.mark.parametrize("name", _ANSWERS)
def test_every_answer_has_a_name(name: str) -> None:
    assert answer_named(name).status in {200, 400, 401, 403, 404, 429, 500, 502, 503}


def test_nobody_sends_without_a_token_of_its_own(fake: FakeFcm) -> None:
    for headers in ({}, {"Authorization": "Bearer ya29.made-up"}):
        answer = httpx2.post(fake.url + SEND, json={"message": {}}, headers=headers)
        assert answer.status_code == 401
    assert fake.attempts == []


@pytest.mark.parametrize(
    "message",
    [
        {"data": {"a": "b"}},
        {"token": "t", "topic": "news"},
        {"token": "t", "data": {"number": 12}},
        {"token": "t", "data": {"from": "me"}},
        {"token": "t", "data": {"google.x": "y"}},
        {"token": "t", "notification": {"body": "x" * 4097}},
    ],
)
def test_what_google_refuses_is_refused(fake: FakeFcm, message: dict[str, Any]) -> None:
    answer = sent(fake.url, fake.tokens.credentials(), message)

    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert fake.accepted() == []


def test_as_a_process_it_is_scripted_over_http_and_leaves_its_ledger(tmp_path: Path) -> None:
    ledger, credentials = tmp_path / "fcm.jsonl", tmp_path / "credentials.json"
    command = [
        sys.executable,
        "-m",
        "tests.fakes.fcm",
        "--ledger",
        ledger,
        "--credentials",
        credentials,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"]
        try:
            httpx2.put(f"{url}/fake/plans/phone", json=["quota:7"])
            answers = [
                sent(url, credentials.read_text(), {"token": "phone"}).status_code for _ in range(2)
            ]
        finally:
            process.send_signal(signal.SIGKILL)

    assert answers == [429, 200]
    assert [json.loads(line)["address"] for line in ledger.read_text().splitlines()] == ["phone"]
