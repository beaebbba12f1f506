"""What is asked of the servers: each work is a list of requests made beforehand, the same for ours and the twin."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from tests.load.asking import Person, ask, request
from tests.load.generator import UNIQUE
from tests.load.people import PASSWORD, address, device
from tests.load.servers import (
    BLOCKING,
    CONFIG,
    CONSTANT,
    OURS,
    SIGNED_IN,
    STOCK,
    TWIN,
    WRITING,
    Server,
)

_DEPTH = 1_000
_PAGE, _LARGEST_PAGE = 20, 100
_READ_POSTS = 2_000
_LOGINS = 5_000


@dataclass(frozen=True)
class Work:
    """`status` is what every answer must have, `goal` the ratio to the twin that we want to reach.

    `most` bounds the connections of a work that we refuse by design when too many come at once.
    """

    name: str
    title: str
    requests: Callable[["Scene", Server], list[bytes]]
    status: int = 200
    goal: float = 0.0
    most: int = 0
    on: tuple[str, ...] = (TWIN, OURS)


# Posts of the feed from all times, found by its index: sorting ten million to choose from would take a while.
_ANY_POSTS = """
WITH feed AS MATERIALIZED (SELECT min(published_at) AS first, max(published_at) AS last FROM content_post
  WHERE status = 'published' AND visibility = 'public' AND hidden_at IS NULL AND deleted_at IS NULL AND NOT author_out),
moments AS MATERIALIZED (SELECT first + random() * (last - first) AS moment FROM feed, generate_series(1, %s))
SELECT DISTINCT post.id FROM moments, LATERAL (SELECT id FROM content_post
  WHERE status = 'published' AND visibility = 'public' AND hidden_at IS NULL AND deleted_at IS NULL AND NOT author_out
  AND published_at >= moment
  ORDER BY published_at LIMIT 1) AS post
"""
# Runs a statement with parameters in the database that the requests are about.
type Query = Callable[..., list[tuple[Any, ...]]]


class Scene:
    """The data that the requests are about."""

    def __init__(self, query: Query) -> None:
        self.posts: list[uuid.UUID] = [post for (post,) in query(_ANY_POSTS, _READ_POSTS)]

    def readings(self, server: Server) -> list[tuple[Person, str]]:
        """Pair people with posts: those who see them all."""
        people = server.people[:-BLOCKING]
        return [
            (people[place % len(people)], f"/api/v1/posts/{post}")
            for place, post in enumerate(self.posts)
        ]


def _feed(scene: Scene, server: Server) -> list[bytes]:
    return [request("GET", "/api/v1/feed", person) for person in _readers(server)]


def _readers(server: Server) -> list[Person]:
    return server.people[: -BLOCKING - WRITING]


def _own_feed(scene: Scene, server: Server) -> list[bytes]:
    return [request("GET", "/api/v1/feed", person) for person in server.people[-BLOCKING:]]


def _deep(scene: Scene, server: Server) -> list[bytes]:
    """Page 1,001, reached as a phone reaches it; a cursor of ours is bound to the person, so one walks for all."""
    walker = server.people[0]
    path = f"/api/v1/feed?limit={_LARGEST_PAGE}"
    for _ in range(_DEPTH * _PAGE // _LARGEST_PAGE):
        following = ask(server.port, request("GET", path, walker)).json["next"]
        if following is None:
            raise LookupError(f"The feed is not {_DEPTH} pages deep.")
        path = _page_after(following)
    return [request("GET", path.replace(f"limit={_LARGEST_PAGE}", f"limit={_PAGE}"), walker)]


def _page_after(following: str) -> str:
    """Read what a page calls its next: ours the cursor, the twin the address."""
    if following.startswith("http"):
        parts = urlsplit(following)
        return f"{parts.path}?{parts.query}"
    return f"/api/v1/feed?limit={_LARGEST_PAGE}&cursor={quote(following)}"


def _detail(scene: Scene, server: Server) -> list[bytes]:
    return [request("GET", path, person) for person, path in scene.readings(server)]


def _unchanged(scene: Scene, server: Server) -> list[bytes]:
    return _revisits(server, scene.readings(server)[: len(server.people)])


def _unchanged_feed(scene: Scene, server: Server) -> list[bytes]:
    return _revisits(server, [(person, "/api/v1/feed") for person in _readers(server)])


def _revisits(server: Server, readings: list[tuple[Person, str]]) -> list[bytes]:
    """Ask again for what was answered before, naming its ETag."""
    requests = []
    for person, path in readings:
        tag = ask(server.port, request("GET", path, person)).headers["ETag"]
        requests.append(request("GET", path, person, if_none_match=tag))
    return requests


def draft(title: str) -> dict[str, Any]:
    """Return what a phone sends to write a post of 2 kB."""
    return {
        "title": title,
        "summary": "What the night ferry sees.",
        "body": " ".join(["The first lamp is lit at five."] * 66),
        "visibility": "public",
        "tags": ["harbour", "lights"],
    }


def _create(scene: Scene, server: Server) -> list[bytes]:
    body = json.dumps(draft(f"Harbour lights {UNIQUE.decode()}")).encode()
    return [
        request("POST", "/api/v1/posts", person, body, idempotency_key=UNIQUE.decode())
        for person in server.people[-BLOCKING - WRITING : -BLOCKING]
    ]


def _config(scene: Scene, server: Server) -> list[bytes]:
    return [request("GET", CONFIG, replace(person, token="")) for person in server.people]


def _login(scene: Scene, server: Server) -> list[bytes]:
    requests = []
    # Others than those whose sessions the run uses: signing in again would end them.
    for number in range(SIGNED_IN, SIGNED_IN + _LOGINS):
        told = {"installation_id": device(number), "platform": "ios", "app_version": "2.4.0"}
        body = {"email": address(number), "password": PASSWORD, "device": told}
        person = Person(number, "", device(number))
        requests.append(request("POST", "/api/v1/auth/login", person, json.dumps(body).encode()))
    return requests


def _constant(scene: Scene, server: Server) -> list[bytes]:
    return [request("GET", "/constant")]


WORKS = {
    work.name: work
    for work in (
        Work("feed", "feed page", _feed, goal=8.0),
        Work("feed-own", "feed page with blocks", _own_feed),
        Work("depth", f"feed, page {_DEPTH + 1:,}", _deep),
        Work("detail", "one post", _detail, goal=4.0),
        Work("create", "create a post", _create, status=201, goal=3.2),
        Work("304", "one post, unchanged", _unchanged, status=304, goal=9.0),
        Work("feed-304", "feed page, unchanged", _unchanged_feed, status=304),
        Work("config", "app configuration", _config, goal=6.0),
        Work("login", "sign in, 2 at once", _login, most=2),
        Work("constant", "constant answer", _constant, on=(CONSTANT,)),
        Work("stock", "constant answer, gunicorn's own threads", _constant, on=(STOCK,)),
    )
}
