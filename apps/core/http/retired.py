"""A version of the wire that is gone: whoever still calls it is told to update, whatever they ask for.

path("api/v1/", include(retired.everything)),
"""

from django.http import HttpRequest, HttpResponse
from django.urls import re_path

from apps.core.clients import version_policies
from apps.core.errors import UpgradeRequired
from apps.core.http.client import client_of
from apps.core.http.errors import domain_problem


def refuse(request: HttpRequest, **_: str) -> HttpResponse:
    """Answer 426 with what staff decided for the platform; the body of a refused request is not read."""
    client = client_of(request)
    policy = version_policies.get().get(client.platform)
    return domain_problem(policy.refusal(client) if policy else UpgradeRequired())


everything = [re_path(r"", refuse)]
