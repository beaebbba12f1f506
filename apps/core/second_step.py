"""The second step of staff: after the password, a code of their authenticator app; at the first time, enrolling it.

Whoever keeps second steps registers itself with `ask_by`; this room has the pages and remembers who has passed.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from apps.core import signin

security = structlog.stdlib.get_logger("security")

_PASSED = "second_step"
_SEED = re.compile(r"[A-Z2-7]{16,64}")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the seed in base32, and the same as an address that opens the app."""

    secret: str
    uri: str


class Keeper(Protocol):
    """Knows people's second steps; codes are spent by being right."""

    def is_on(self, user_id: uuid.UUID) -> bool: ...

    def passes(self, user_id: uuid.UUID, code: str) -> bool: ...

    def enrol(self, user_id: uuid.UUID) -> Enrolment: ...

    def confirm(self, user_id: uuid.UUID, code: str) -> list[str]:
        """Turn it on with a first code and return the recovery codes; none when the code is wrong."""
        ...


_keeper: Keeper


def ask_by(keeper: Keeper) -> None:
    """Let `keeper` answer; called once, when the app that keeps second steps is ready."""
    global _keeper
    _keeper = keeper


def is_passed(request: HttpRequest) -> bool:
    """Tell whether this browser has shown a code since its sign-in, where staff have to."""
    if not settings.STAFF_SECOND_STEP:
        return True
    return request.session.get(_PASSED) == str(request.user.pk)


def page(request: HttpRequest, site: dict[str, Any], onward: str) -> HttpResponse:
    """Ask somebody who has given their password for a code, or let them enrol their app."""
    wait = signin.wait_before_code(request) if request.method == "POST" else 0
    if wait:
        response = render(request, "429.html", status=429)
        response["Retry-After"] = str(wait)
        return response
    asked: uuid.UUID = request.user.pk  # type: ignore[assignment]
    ask = _ask if _keeper.is_on(asked) else _enrol
    return ask(request, asked, site, _safe(request, onward))


def _ask(
    request: HttpRequest, user_id: uuid.UUID, site: dict[str, Any], onward: str
) -> HttpResponse:
    wrong = False
    if request.method == "POST":
        if _keeper.passes(user_id, _code(request)):
            _let_in(request)
            return HttpResponseRedirect(onward)
        security.warning("wrong second step in the admin", user=str(user_id))
        wrong = True
    return render(request, "admin/second_step.html", site | {"wrong": wrong, "next": onward})


def _enrol(
    request: HttpRequest, user_id: uuid.UUID, site: dict[str, Any], onward: str
) -> HttpResponse:
    shown = request.POST.get("secret", "")
    if request.method == "POST" and _SEED.fullmatch(shown):
        codes = _keeper.confirm(user_id, _code(request))
        if codes:
            _let_in(request)
            context = site | {"codes": codes, "next": onward}
            return render(request, "admin/second_step_codes.html", context)
        # The same again, so that nothing has to be typed into the app anew.
        context = {"secret": shown, "wrong": True}
    else:
        made = _keeper.enrol(user_id)
        context = {"secret": made.secret, "uri": made.uri}
    return render(request, "admin/second_step.html", site | context | {"next": onward})


def _let_in(request: HttpRequest) -> None:
    # A new name for the session: whoever knew the old one has shown no code.
    request.session.cycle_key()
    request.session[_PASSED] = str(request.user.pk)
    security.info("second step in the admin", user=str(request.user.pk))


def _code(request: HttpRequest) -> str:
    return request.POST.get("code", "").strip()[:64].replace(" ", "")


def _safe(request: HttpRequest, onward: str) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, hosts) else onward
