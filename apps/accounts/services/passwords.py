"""Passwords: judged by the rules, hashed with Argon2id a few at a time, and compared at the same cost for everybody."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password, verify_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.models import User
from apps.core.errors import Invalid, Unavailable

_seats = threading.BoundedSemaphore(settings.PASSWORD_HASHES_AT_ONCE)
# Whoever hashes or waits for a seat holds a thread of the web server; the last one is for everybody else.
_room = threading.BoundedSemaphore(
    settings.PASSWORD_HASHES_AT_ONCE + settings.PASSWORD_HASHES_WAITING
)


def _step_back() -> None:
    # On Linux a thread has a priority and cores of its own, which those that Argon2 starts take over.
    if sys.platform != "linux":
        return
    # Somebody who forbids this loses only what it is good for.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), settings.PASSWORD_HASH_NICENESS)
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[len(cores) // 2 :])


# A hash keeps every core busy for a moment. These threads keep to half of them, the same ones in every process, and
# take there what requests leave over.
_hashers = ThreadPoolExecutor(
    settings.PASSWORD_HASHES_AT_ONCE, thread_name_prefix="hash", initializer=_step_back
)


def _aside[**P, T](work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Do it in one of the threads that step back; nothing in there may ask the database."""
    with _seat():
        return _hashers.submit(work, *args, **named).result()


@contextmanager
def _seat() -> Iterator[None]:
    """Wait for a turn to hash; raises Unavailable, so that sign-ins queue up and everything else goes on."""
    with _place(_room, 0), _place(_seats, settings.PASSWORD_HASH_WAIT):
        yield


@contextmanager
def _place(semaphore: threading.Semaphore, seconds: float) -> Iterator[None]:
    if not semaphore.acquire(timeout=seconds):
        raise Unavailable("Too many sign-ins at once.", retry_after=2)
    try:
        yield
    finally:
        semaphore.release()


def judge(password: str, *, email: str, display_name: str = "", **_: Any) -> None:
    """Refuse a password that is short, common, or close to what is known of its owner.

    Raises Invalid with one entry per broken rule, at `/password`.
    """
    # The product's own name is what strangers try first.
    user = User(claimed_email=email, display_name=display_name)
    user.product = settings.PROJECT_NAME  # type: ignore[attr-defined]
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        faults = [
            {"pointer": "/password", "code": str(fault.code), "detail": " ".join(fault.messages)}
            for fault in refusal.error_list
        ]
        raise Invalid(errors=faults) from refusal


def hashed(password: str) -> str:
    """Return what is stored of a password; raises Unavailable."""
    return _aside(make_password, password)


def matches(password: str, user: User | None) -> bool:
    """Tell whether this is the user's password; hashes once in any case, also when there is no user.

    A hash made with weaker parameters than today's is replaced, and that is committed. Raises Unavailable.
    """
    if user is None:
        _aside(make_password, password)
        return False
    is_right, is_outdated = _aside(verify_password, password, user.password)
    if is_right and is_outdated:
        _upgrade(user, password)
    return is_right


def _upgrade(user: User, password: str) -> None:
    try:
        stored = _aside(make_password, password)
    except Unavailable:
        # The password was right; the next sign-in will do.
        return
    # Only over the hash that was compared: the password may be changed at the same moment.
    User.objects.filter(pk=user.pk, password=user.password).update(password=stored)
