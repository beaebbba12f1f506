"""A phone's first journey, over real HTTP against running processes: `make journey` prints it as a story.

The author's phone makes an account, follows its events, loses an answer in a tunnel, publishes; the reader's older
phone reads and comments; one push arrives, and on the stream what it is about; a token expires; an app version is
retired. Each step says how long it took.
"""

import base64
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from tests.fakes.fcm import FakeFcm
from tests.phone import Event, Inbox, OverHttp, Phone
from tests.stack import Stack

_PATIENCE = 10
_ACCESS_SECONDS = 4
_ADDRESS = "author-phone-push-address"


class Journey:
    """The story; `tell` receives each finished line of it."""

    def __init__(self, stack: Stack, fcm: FakeFcm, tell: Callable[[str], None]) -> None:
        self.stack, self.fcm, self.tell = stack, fcm, tell
        self.lines: list[OverHttp] = []
        self.author = self._phone(platform="ios", version="2.4.0")
        self.reader = self._phone(platform="android", version="1.9.0")
        self.post_id = str(uuid.uuid4())
        # What the author's app knows of its inbox from events alone.
        self.inbox = Inbox()

    def run(self) -> None:
        self.author_signs_up()
        self.author_follows_events()
        self.author_writes_in_a_tunnel()
        self.reader_reads_and_comments()
        self.author_is_told_once()
        self.token_expires()
        self.old_version_is_retired()

    def author_signs_up(self) -> None:
        with self.step("The author's phone makes an account and registers its device"):
            answer = self.author.register("author@example.test", display_name="Ada Author")
            assert answer.status == 201, answer
            device = f"devices/{self.author.installation_id}"
            assert self.author.put(device, self._device("ios")).status in {200, 201}
            address = {"provider": "fcm", "kind": "token", "address": _ADDRESS}
            assert self.author.put(f"{device}/push-address", address).status in {200, 201, 204}
        with self.step("…reads the code in the mail and proves the address"):
            code = self.eventually(lambda: self.author.code_mailed_to("author@example.test"))
            answer = self.author.verify(code)
            assert answer.status == 200, answer
            assert answer.json["email_verified"] is True

    def author_follows_events(self) -> None:
        with self.step("The author's app, open, follows its events: nothing unread"):
            self.fresh(self.author)
            with self.events() as events:
                assert _heard(events, "unread") == {"unread": 0}
        self.tell(" " * 12 + "…and loses the connection in the tunnel that comes now")

    def author_writes_in_a_tunnel(self) -> None:
        draft = {
            "id": self.post_id,
            "title": "Harbour lights",
            "summary": "What the night ferry sees.",
            "body": "The first lamp is lit at five.",
            "visibility": "public",
        }
        key = {"idempotency_key": str(uuid.uuid4())}
        with self.step("The author's phone creates a post, and the answer is lost"):
            # The request arrives and takes effect; what comes back never reaches the app.
            assert self.author.post("posts", draft, **key).status == 201
        with self.step("…retries with the same key: the first answer, one post"):
            again = self.author.post("posts", draft, **key)
            assert again.status == 201, again
            assert again.headers["Idempotency-Replayed"] == "true"
            assert self.count("content_post") == 1
        with self.step("…publishes it"):
            answer = self.author.post(f"posts/{self.post_id}/publish", **_key())
            assert answer.status == 200, answer
            assert answer.json["status"] == "published"

    def reader_reads_and_comments(self) -> None:
        with self.step("The reader's phone, an older version, reads the feed signed out"):
            feed = self.reader.get("feed")
            assert feed.status == 200, feed
            assert [item["title"] for item in feed.json["items"]] == ["Harbour lights"]
        with self.step("…reads it again: 304, no body"):
            again = self.reader.get("feed", if_none_match=feed.etag)
            assert (again.status, again.content) == (304, b"")
        with self.step("…makes an account"):
            self.reader.register("reader@example.test", display_name="Rae Reader")
            code = self.eventually(lambda: self.reader.code_mailed_to("reader@example.test"))
            assert self.reader.verify(code).status == 200
        with self.step("…comments, twice, because the first answer was lost"):
            key = _key()
            for _ in range(2):
                answer = self.reader.post(
                    f"posts/{self.post_id}/comments", {"body": "Lovely."}, **key
                )
                assert answer.status == 201, answer
            assert self.count("content_comment") == 1

    def author_is_told_once(self) -> None:
        with self.step("The author's phone gets exactly one push, through the provider"):
            self.eventually(lambda: self.fcm.accepted(_ADDRESS) or None)
            self.eventually(lambda: self.jobs_are_done() or None)
            assert len(self.fcm.accepted(_ADDRESS)) == 1
        self.fresh(self.author)
        with self.events() as events:
            with self.step(
                "…follows its events again, by the last id: what came meanwhile is there"
            ):
                told = _heard(events, "notification")["notification"]
                assert _heard(events, "unread") == {"unread": 1}
            with self.step("…finds it in the inbox and marks it read"):
                inbox = self.author.get("notifications").json["items"]
                assert [one["id"] for one in inbox] == [told["id"]], inbox
                answer = self.author.post("notifications/read", {"ids": [told["id"]]})
                assert answer.status == 200, answer
                assert self.author.get("notifications/unread-count").json["unread"] == 0
            with self.step("…and hears on the stream that it is read, as its tablet would"):
                assert _heard(events, "notification")["notification"]["read_at"]
                assert _heard(events, "unread") == {"unread": 0}
        assert "resync" not in {event.name for event in self.inbox.told}

    def token_expires(self) -> None:
        with self.step(
            f"The author's access token expires after {_ACCESS_SECONDS} s (10 min elsewhere)"
        ):
            self.fresh(self.author)
            self.eventually(lambda: self.author.get("me").status == 401 or None)
        with self.step("…and the refresh token gets a new one; the lost answer is asked for again"):
            spent = self.author.refresh_token
            assert self.author.refresh().status == 200
            successor, self.author.refresh_token = self.author.refresh_token, spent
            assert self.author.refresh().status == 200
            assert _leaf(self.author.refresh_token) == _leaf(successor)
            assert self.author.get("me").status == 200

    def old_version_is_retired(self) -> None:
        with self.step("Staff retire versions of Android below 2.0 in the admin"):
            self.stack.manage("shell", "-v", "0", "-c", _STAFF)
            retire_in_the_admin(self.stack.url)
        with self.step("…and the reader's phone is told to update: 426 with the store's address"):
            answer = self.eventually(lambda: _when(self.reader.get("feed"), 426))
            assert answer.json["code"] == "client_upgrade_required"
            assert answer.json["store_url"] == "https://store.example.test/app"
        with self.step("…while the author's phone goes on"):
            self.fresh(self.author)
            assert self.author.get("feed").status == 200

    # How the story is told and checked

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.tell(f"{(time.perf_counter() - started) * 1000:7.0f} ms  {text}")

    def eventually[T](self, found: Callable[[], T | None]) -> T:
        """Return what `found` finds, asking until it finds something; what a phone or a worker does takes a moment."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                value = found()
            except AssertionError:
                value = None
            if value is not None:
                return value
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)

    @contextmanager
    def events(self) -> Iterator[Iterator[Event]]:
        """Follow the author's events from where the app left off, at the stream server."""
        line = OverHttp(self.stack.events_url, timeout=_PATIENCE)
        with closing(line), replace(self.author, line=line).events(self.inbox) as events:
            yield events

    def fresh(self, phone: Phone) -> None:
        """Refresh as the app does before its token ends."""
        assert phone.refresh().status == 200

    def count(self, table: str) -> int:
        return self.stack.query(f"SELECT count(*) FROM {table}")[0][0]

    def jobs_are_done(self) -> bool:
        return not self.stack.query("SELECT 1 FROM core_job WHERE state = 'pending' LIMIT 1")

    def _phone(self, **device: str) -> Phone:
        self.lines.append(OverHttp(self.stack.url))
        return Phone(line=self.lines[-1], mail_folder=self.stack.mail_folder, **device)

    def close(self) -> None:
        for line in self.lines:
            line.close()

    def _device(self, platform: str) -> dict[str, str]:
        return {
            "platform": platform,
            "app_version": self.author.version,
            "os_version": "18.1",
            "model": "iPhone17,1",
        }


_STAFF = """
from apps.accounts.models import User
User.objects.create_superuser(email="staff@example.test", password="correct horse battery staple", display_name="Staff")
"""


def retire_in_the_admin(url: str) -> None:
    """Sign in to the admin as a person would and set a minimum version."""
    with httpx2.Client(base_url=url, follow_redirects=True) as browser:
        browser.get("/admin/login/")
        signed_in = _submit(
            browser, "/admin/login/?next=/admin/",
            username="staff@example.test", password="correct horse battery staple",
        )  # fmt: skip
        assert "/admin/login" not in str(signed_in.url), "the admin did not let staff in"
        saved = _submit(
            browser, "/admin/devices/versionpolicy/add/",
            platform="android", minimum="2.0.0", recommended="2.4.0", latest="2.4.0",
            store_url="https://store.example.test/app", message="Please update.",
            next_minimum_percentage="0", translations="{}",
        )  # fmt: skip
        assert saved.url.path == "/admin/devices/versionpolicy/", saved.text


def _submit(browser: httpx2.Client, path: str, **form: str) -> httpx2.Response:
    page = browser.get(path)
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return browser.post(
        path,
        data={**form, "csrfmiddlewaretoken": token},
        headers={"Referer": str(browser.base_url)},
    )


def _leaf(token: str) -> str:
    """What makes two refresh tokens the same one (the secret they carry, not how they are wrapped)."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["leaf"]


def _heard(events: Iterator[Event], name: str) -> Any:
    """Return what the next event of this name says."""
    for event in events:
        if event.name == name:
            return event.data
    raise AssertionError(f"The stream ended before {name} came.")


def _key() -> dict[str, str]:
    return {"idempotency_key": str(uuid.uuid4())}


def _when(answer: Any, status: int) -> Any:
    return answer if answer.status == status else None


def play(folder: Path, tell: Callable[[str], None]) -> None:
    """Run the whole journey on a stack of its own; raises AssertionError where the product breaks a promise."""
    with FakeFcm(folder / "fcm.jsonl") as fcm:
        environment = {
            "PUSH_PROVIDERS": "fcm",
            "FCM_BASE_URL": fcm.url,
            "FCM_CREDENTIALS": fcm.tokens.credentials(),
            "ACCESS_TOKEN_SECONDS": str(_ACCESS_SECONDS),
            "WEB_WORKERS": "2",
        }
        started = time.perf_counter()
        with Stack(folder, **environment) as stack:
            stack.start_stream()
            tell(
                f"{(time.perf_counter() - started) * 1000:7.0f} ms  Web, worker, sender, beat and stream run"
                f" at {stack.url}"
            )
            with closing(Journey(stack, fcm, tell)) as journey:
                journey.run()
    pushes = [json.loads(line) for line in (folder / "fcm.jsonl").read_text().splitlines()]
    tell(f"The provider's ledger holds {len(pushes)} push. Nothing lost, nothing twice.")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        play(Path(place), lambda line: print(line, file=sys.stdout, flush=True))
