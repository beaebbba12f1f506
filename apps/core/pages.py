"""The pages outside the API and the admin: the start page, and what every page needs to know of the product."""

import json
import platform
from dataclasses import dataclass
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe


@dataclass(frozen=True, slots=True)
class Address:
    """A link on the start page."""

    path: str
    title: str
    purpose: str


def product(request: HttpRequest) -> dict[str, Any]:
    """Tell every template the product's name; a context processor."""
    return {"product": settings.PROJECT_NAME}


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Say what runs here and where its doors are; on a developer's machine also who may sign in."""
    context: dict[str, Any] = {
        "tagline": settings.PROJECT_TAGLINE,
        "version": settings.PROJECT_VERSION,
        "addresses": _addresses(),
    }
    if settings.LOCAL:
        context |= {
            "local": True,
            "runtime": f"Django {django.__version__} on Python {platform.python_version()}",
            "people": _demo_people(),
            "register_url": request.build_absolute_uri("/api/v1/auth/register"),
        }
    return render(request, "start.html", context)


def _addresses() -> list[Address]:
    found = [
        Address(reverse("v1:docs"), "API v1", "Every operation, with a form to try it"),
        Address(reverse("v2:docs"), "API v2", "The same for the newer version"),
        Address(reverse("admin:index"), "Admin", "Where staff work"),
    ]
    if settings.LOCAL:
        found.append(Address(reverse("mail"), "Mail", "What was sent from this machine"))
    return [
        *found,
        Address("/metrics", "Metrics", "For Prometheus"),
        Address("/livez", "Alive?", "Does this process answer?"),
        Address("/readyz", "Ready?", "Should it be sent traffic?"),
    ]


def _demo_people() -> list[dict[str, str]]:
    """Return the sign-ins that `manage.py seed` wrote down; none before it has run."""
    try:
        people: list[dict[str, str]] = json.loads((settings.LOCAL_STATE / "demo.json").read_text())
    except FileNotFoundError:
        return []
    return people
