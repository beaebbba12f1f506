"""Any mixture of refreshes, requests and waiting, with any token that was ever issued, against the rules written twice.

The model below is the table of reliability C3, told again from the paper; the real service answers over the wire.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.accounts.models import Session, User
from apps.accounts.services.sessions import Origin, begin
from tests.phone import Phone

type Leaf = tuple[int, int]
"""Its generation, and how many leaves had been superseded before it."""

GOOD, REFUSED = (200, ""), (401, "session_revoked")


@dataclass(frozen=True)
class Held:
    """A pair of tokens as somebody got it, the phone or a thief."""

    phone: Phone
    leaf: Leaf
    since: datetime


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(datetime.now(UTC), tick=False)
        self.traveller = self.clock.start()
        phone = Phone()
        with transaction.atomic():
            made = begin(User.objects.create(), Origin())
        phone.access, phone.refresh_token = made.access, made.refresh
        self.id = made.session.pk
        self.leaf: Leaf = (1, 0)
        self.parent: Leaf | None = None
        self.is_over = self.is_confirmed = False
        self.attempt = ""
        self.rotated_at, self.again = self.now, 0
        self.superseded_since, self.superseded = self.now - timedelta(hours=1), 0
        self.held = [Held(phone, self.leaf, self.now)]

    def teardown(self) -> None:
        self.clock.stop()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @rule(seconds=st.sampled_from([1, 9, 11, 61, 599, 3_601, 21_600]))
    def time_goes_by(self, seconds: int) -> None:
        self.traveller.shift(timedelta(seconds=seconds))

    @rule(which=st.integers(0, 4), attempt=st.sampled_from(["", "a", "b"]))
    def somebody_refreshes(self, which: int, attempt: str) -> None:
        held = self.held[-1 - which % len(self.held)]
        twin = replace(held.phone)

        answer = twin.refresh(attempt)

        expected = self._refreshed(held.leaf, attempt)
        assert (answer.status, answer.code) == expected
        if expected == GOOD:
            self.held.append(Held(twin, self.leaf, self.now))

    def _refreshed(self, leaf: Leaf, attempt: str) -> tuple[int, str]:
        if self.is_over:
            return REFUSED
        if leaf == self.leaf:
            self.parent, self.leaf = leaf, (leaf[0] + 1, leaf[1])
            return self._issued(attempt)
        if leaf != self.parent:
            return self._ended()
        age = self.now - self.rotated_at
        knows = attempt != "" and attempt == self.attempt and age <= timedelta(seconds=60)
        if age <= timedelta(seconds=10) or knows:
            self.again += 1
            return GOOD if self.again <= 5 else (429, "rate_limited")
        if self.is_confirmed:
            return self._ended()
        return self._superseded(attempt)

    def _superseded(self, attempt: str) -> tuple[int, str]:
        if self.now - self.superseded_since >= timedelta(hours=1):
            self.superseded_since, self.superseded = self.now, 0
        if self.superseded >= 10:
            return (429, "rate_limited")
        self.superseded += 1
        self.leaf = (self.leaf[0], self.leaf[1] + 1)
        return self._issued(attempt)

    def _issued(self, attempt: str) -> tuple[int, str]:
        self.is_confirmed, self.attempt = False, attempt
        self.rotated_at, self.again = self.now, 0
        return GOOD

    def _ended(self) -> tuple[int, str]:
        self.is_over = True
        return REFUSED

    @rule(which=st.integers(0, 4))
    def somebody_asks(self, which: int) -> None:
        held = self.held[-1 - which % len(self.held)]

        answer = held.phone.get("me")

        assert (answer.status, answer.code) in self._asked(held)

    def _asked(self, held: Held) -> set[tuple[int, str]]:
        expired = (401, "token_expired")
        if self.now - held.since >= timedelta(minutes=10):
            return {expired}
        if self.is_over:
            return {REFUSED}
        if held.leaf == self.leaf:
            self.is_confirmed = True
            return {GOOD}
        if held.leaf == self.parent:
            return {GOOD}
        # A grandparent's token is merely old, and good for its minutes while the cache knows it.
        return {expired, GOOD} if held.leaf[0] < self.leaf[0] - 1 else {self._ended()}

    @invariant()
    def the_row_says_so(self) -> None:
        row = Session.objects.get(pk=self.id)
        assert (row.generation, row.supersedes) == self.leaf
        assert (row.revoked_at is not None) == self.is_over


@pytest.mark.usefixtures("db", "unlimited")
def test_whatever_happens_the_table_decides() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
