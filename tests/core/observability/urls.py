"""A product with three faults: it breaks, it refuses, and its database says no."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from apps.core.errors import Conflict
from apps.core.http.errors import problem
from apps.core.observability import health, metrics


@csrf_exempt
def breaks(request: HttpRequest) -> HttpResponse:
    # Locals and a body, both full of what must not be reported.
    sent = request.body.decode()
    password = request.headers.get("Authorization")
    raise ZeroDivisionError(f"no way to divide {len(sent)} by {password is None}")


def refuses(request: HttpRequest) -> HttpResponse:
    raise Conflict("Somebody was faster.")


def is_away(request: HttpRequest) -> HttpResponse:
    return problem(503)


def quotes(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::uuid", [request.GET["value"]])
    return HttpResponse()


urlpatterns = [
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics_page),
    path("api/breaks", breaks),
    path("api/refuses", refuses),
    path("api/away", is_away),
    path("api/quotes", quotes),
]
handler500 = "apps.core.http.errors.server_error"
