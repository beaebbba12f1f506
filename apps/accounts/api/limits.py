"""Limits per target, beside those per caller: an address is guessed at, or mailed to, from many callers at once.

Addresses are counted under a keyed hash, so that no limit's key holds one.
"""

import uuid

from django.conf import settings

from apps.accounts import selectors
from apps.accounts.keys import subject_of
from apps.core.errors import TooMany
from apps.core.http import throttling

_QUARTER_HOUR = 15 * 60
_DAY = 24 * 60 * 60


def sign_in(address: str, installation_id: str) -> None:
    """Count a sign-in at an address; raises TooMany.

    When strangers have used up the address's tries, the devices of its owner still have their own.
    """
    subject = subject_of(address)
    try:
        throttling.spend("login", subject, quota=10, window=_QUARTER_HOUR)
    except TooMany:
        if not selectors.is_known_device(address, installation_id):
            raise
        known = subject_of(f"{address} {installation_id}")
        throttling.spend("login-known-device", known, quota=10, window=_QUARTER_HOUR)


def code_mail(address: str) -> None:
    """Count a code that would be mailed to an address, whichever journey asks for it; raises TooMany."""
    throttling.spend("code-mail", subject_of(address), quota=4, window=_QUARTER_HOUR)
    _today("code-mail")


def door(network: str) -> None:
    """Count a try by somebody who is not signed in, whatever they try at whichever address; raises TooMany.

    What a device calls itself is its own choice, so the operation's limit alone would let one network try without end.
    """
    quota, window = settings.RATE_LIMITS["door"]
    throttling.spend("door", network, quota=quota, window=window)


def new_guest(network: str) -> None:
    """Count a guest's account made from a network, whatever its devices call themselves; raises TooMany."""
    throttling.spend("new-guest", network, quota=60, window=60 * 60)


def proof(user_id: uuid.UUID | None) -> None:
    """Count an attempt to prove again who one is; raises TooMany."""
    throttling.spend("proof", str(user_id), quota=10, window=_QUARTER_HOUR)


def code_try_at(address: str) -> None:
    """Count a code typed in by somebody who is not signed in, per address; raises TooMany."""
    throttling.spend("code-try", subject_of(address), quota=20, window=60 * 60)


def export(user_id: uuid.UUID | None) -> None:
    """Count an export that is asked for: a worker is busy with each for minutes; raises TooMany."""
    throttling.spend("export", str(user_id), quota=3, window=_DAY)
    _today("export")


def code_try(user_id: uuid.UUID | None) -> None:
    """Count a code typed in, so that asking for new codes does not buy new guesses without end; raises TooMany."""
    throttling.spend("code-try", str(user_id), quota=20, window=60 * 60)


def second_step(user_id: uuid.UUID | None) -> None:
    """Count a code of an app or a list typed in; raises TooMany.

    Room for mistyping, while a thief of the password, who may ask for any number of challenges, gets through a
    hundredth of a percent of all codes in a week.
    """
    throttling.spend("second-step", str(user_id), quota=20, window=6 * 60 * 60)


def _today(what: str) -> None:
    """Count something that costs us money against what everybody may cause in a day; raises TooMany."""
    throttling.spend(f"{what}-day", "everybody", quota=settings.DAILY_LIMITS[what], window=_DAY)
