"""A small API over the ground floor's own tables, to try the plumbing without any app."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.urls import include, path
from rest_framework import serializers as drf
from rest_framework.authentication import BaseAuthentication

from apps.core import errors
from apps.core.actors import APP, Actor
from apps.core.http.operations import Budget, Deprecation, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.serializers import Input, MomentField, NameField, Output
from apps.core.http.views import ApiView
from apps.core.models import Job
from apps.core.observability import health

SMALL = Budget(queries=4)


class ByHeader(BaseAuthentication):
    """Believes `X-Test-User`, and `X-Test-Proven` as to when they were last here in person."""

    def authenticate(self, request: Any) -> tuple[Actor, None] | None:
        user = request.headers.get("X-Test-User")
        proven = int(request.headers.get("X-Test-Proven", 0))
        return (
            (Actor(uuid.UUID(user), scopes=frozenset({APP}), auth_time=proven), None)
            if user
            else None
        )

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"


class Thing(Output):
    id = drf.UUIDField()
    name = drf.CharField()
    queue = drf.CharField()


class VersionedThing(Thing):
    tagged_by = ("rev",)


class ThingCreate(Input):
    name = drf.CharField(max_length=200)
    nested = drf.JSONField(required=False)
    label = NameField(required=False, max_length=20)
    at = MomentField(required=False)


class Versioned:
    """A row with a revision, held in memory."""

    id = uuid.UUID(int=7)
    name = "seven"
    queue = "bulk"
    rev = 3


class Refusal(errors.Conflict):
    code = "refused_for_good"
    title = "No, and no again."


class ToyView(ApiView):
    authentication_classes = [ByHeader]


class Things(ToyView):
    @operation(permission=Public, limit="read", budget=SMALL, response=Page(Thing))
    def get(self, request: Any) -> HttpResponse:
        """List things."""
        return self.page(Job.objects.all)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=SMALL,
        request=ThingCreate,
        response=Thing,
        status=201,
        idempotent=True,
    )
    def post(self, request: Any) -> HttpResponse:
        """Make a thing."""
        payload = self.payload
        if payload["name"] == "refuse":
            with transaction.atomic():
                Job.objects.create(name="must not stay", queue="bulk")
                raise Refusal
        if payload["name"] == "break":
            Job.objects.create(name="must not stay", queue="bulk")
            raise OperationalError("gone")
        return self.answer(Job.objects.create(name=payload["name"], queue="bulk"))


class Seven(ToyView):
    @operation(permission=Public, limit="read", budget=SMALL, response=VersionedThing)
    def get(self, request: Any) -> HttpResponse:
        """Read the thing."""
        return self.answer(Versioned())

    @operation(permission=SignedIn, limit="write", budget=SMALL, status=204, fresh=True)
    def post(self, request: Any) -> HttpResponse:
        """Do what only the person may do."""
        return self.nothing()

    @operation(permission=Public, limit="write", budget=SMALL, response=Thing, if_match="required")
    def delete(self, request: Any) -> HttpResponse:
        """Delete the thing."""
        if self.expected_rev not in {None, Versioned.rev}:
            raise errors.Stale(extra={"current_rev": Versioned.rev})
        return self.nothing()


class Broken(ToyView):
    @operation(permission=Public, limit="read", budget=SMALL)
    def get(self, request: Any) -> HttpResponse:
        """Break as the query says."""
        fault = request.query_params["how"]
        if fault == "slow":
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 20; SELECT pg_sleep(1)")
        if fault == "data":
            Job.objects.filter(name="\0").exists()
        raise RuntimeError("a secret detail")


class Old(ToyView):
    @operation(
        permission=Public,
        limit="anon",
        budget=SMALL,
        deprecated=Deprecation(
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=365),
            "/api/v2/old",
        ),
    )
    def get(self, request: Any) -> HttpResponse:
        """Answer as ever."""
        return self.nothing()


_routes = [
    path("things", Things.as_view()),
    path("seven", Seven.as_view()),
    path("broken", Broken.as_view()),
    path("old", Old.as_view()),
]
urlpatterns = [
    path("livez", health.livez),
    path("api/v1/", include((_routes, "v1"), namespace="v1")),
]

handler400 = "apps.core.http.errors.bad_request"
handler403 = "apps.core.http.errors.denied"
handler404 = "apps.core.http.errors.page_not_found"
handler500 = "apps.core.http.errors.server_error"
