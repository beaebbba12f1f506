"""Compiled reads say what the serializer alone would say, for every read of the product and rows of every kind."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from apps.accounts import selectors as accounts
from apps.accounts.api.v1 import serializers as account_shapes
from apps.accounts.models import Block, User
from apps.content import selectors as content
from apps.content.api.v1 import serializers as content_shapes
from apps.content.api.v2 import serializers as newer_shapes
from apps.content.models import Bookmark, Collaborator, Comment, Media, Post, Reaction
from apps.core.actors import ANONYMOUS, Actor
from apps.core.http import projection
from apps.core.http.placeholders import taken_apart
from apps.core.http.projection import Read
from apps.core.ids import new_id
from apps.devices import selectors as devices
from apps.devices.api.v1 import serializers as device_shapes
from apps.notifications import selectors as notifications
from apps.notifications.api.v1 import serializers as notification_shapes
from tests.content.media.camera import described

ADA = Actor(id=uuid.UUID(int=0xADA))
NEWEST = ("-created_at", "-id")
OLDEST = ("created_at", "id")
# In the words of either version.
COMMENTS = (content_shapes.Comment, newer_shapes.Comment)
FEED = ("-published_at", "-id")

PAGES: dict[str, tuple[Read, tuple[str, ...]]] = {
    "feed": (Read(content.feed_for, (ADA,), {}, content_shapes.PostSummary), FEED),
    "feed, signed out": (
        Read(content.feed_for, (ANONYMOUS,), {}, content_shapes.PostSummary),
        FEED,
    ),
    "feed, narrowed": (
        Read(
            content.feed_for,
            (ADA,),
            {},
            content_shapes.PostSummary,
            "id,title,author(display_name)",
        ),
        FEED,
    ),
    "own posts": (Read(content.own_posts, (ADA,), {}, content_shapes.PostSummary), NEWEST),
    "own drafts": (
        Read(content.own_posts, (ADA,), {"status": "draft"}, content_shapes.PostSummary),
        NEWEST,
    ),
    "shared posts": (Read(content.shared_with, (ADA,), {}, content_shapes.SharedPost), NEWEST),
    "bookmarks": (Read(content.bookmarks_of, (ADA,), {}, content_shapes.Bookmark), NEWEST),
    "blocks": (Read(accounts.blocks_of, (ADA,), {}, account_shapes.Block), ("-id",)),
    "passkeys": (Read(accounts.passkeys_of, (ADA,), {}, account_shapes.Passkey), ("-id",)),
    "devices": (Read(devices.devices_of, (ADA,), {}, device_shapes.Device), NEWEST),
}
# Shapes that hold more than columns, and why they stay with the serializer.
WITH_THE_SERIALIZER = {
    "search": (
        Read(content.posts_found, (ADA,), {"q": "ferry"}, content_shapes.PostFound),
        "rank and snippet are no columns",
    ),
    "inbox": (
        Read(notifications.inbox_of, (ADA,), {}, notification_shapes.Notification),
        "words are made for the reader",
    ),
    "me": (
        Read(accounts.account_of, (ADA,), {}, account_shapes.Me),
        "the address is one of two columns",
    ),
    "second step": (
        Read(accounts.second_step_of, (ADA,), {}, account_shapes.MfaStatus),
        "both columns are other tables'",
    ),
    "picture": (
        Read(content.media_for, (ADA, ADA.id), {}, content_shapes.Media),
        "addresses are signed when they are read",
    ),
    "sessions": (
        Read(accounts.devices_of, (ADA,), {"here": ADA.id}, account_shapes.Session),
        "a session is current for whoever looks",
    ),
}

TEXTS = [
    "",
    "plain",
    'quo"te',
    "back\\slash",
    "new\nline\ttab",
    "ünïcödé",
    "😀 👩‍👩‍👧 漢字",
    "%s %% {}",
    "'single'",
    "\x7f\u2028",
    "</script>",
]
MOMENTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2100, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 11, 21, 12, 0, 0, 120_000, tzinfo=UTC),
    datetime(2026, 11, 21, 12, 0, 0, 1, tzinfo=UTC),
]


@pytest.fixture
def rows(db: None) -> list[Post]:
    """120 posts of three people, with every text and moment above in every place."""
    chance = random.Random(7)
    people = [
        User(
            id=ADA.id if number == 0 else new_id(),
            claimed_email=f"p{number}@example.test",
            display_name=name,
        )
        for number, name in enumerate(['Ada "the" Author', "Émile 😀", "", "Blocked", "%s"])
    ]
    User.objects.bulk_create(people)
    Block.objects.bulk_create(Block(blocker=people[0], blocked=other) for other in people[3:])
    pictures = [
        described(owner=people[0]),
        described(owner=people[0], visibility="private", blurhash=None),
        described(owner=people[1], state="processing", folder=None, width=None, height=None),
    ]
    Media.objects.bulk_create(pictures)
    posts = []
    for number in range(120):
        status = chance.choice(list(Post.Status))
        moment = chance.choice(MOMENTS) + timedelta(microseconds=number)
        posts.append(
            Post(
                author=chance.choice(people[:3]),
                title=chance.choice(TEXTS) or "-",
                summary=chance.choice(TEXTS),
                body="".join(chance.choices(TEXTS, k=3)),
                tags=chance.sample(TEXTS, chance.randrange(4)),
                status=status,
                visibility=chance.choice(list(Post.Visibility)),
                comment_count=chance.choice([0, 1, 2**31 - 1]),
                cover=chance.choice([None, *pictures]),
                rev=chance.randrange(1, 2**31 - 1),
                published_at=moment
                if status in {Post.Status.PUBLISHED, Post.Status.ARCHIVED}
                else None,
                scheduled_for=moment if status == Post.Status.SCHEDULED else None,
                created_at=moment,
                updated_at=chance.choice(MOMENTS),
            )
        )
    Post.objects.bulk_create(posts)
    Bookmark.objects.bulk_create(
        Bookmark(post=post, user=people[0], created_at=chance.choice(MOMENTS))
        for post in posts[::4]
    )
    Collaborator.objects.bulk_create(
        Collaborator(post=post, user=people[0], role=chance.choice(["viewer", "editor"]))
        for post in posts[::3]
        if post.author_id != ADA.id
    )
    Reaction.objects.create(post=posts[0], user=people[0], kind="wow")
    Comment.objects.bulk_create(
        Comment(
            post=posts[0],
            author=chance.choice(people[:3]),
            body=text or "-",
            created_at=chance.choice(MOMENTS),
        )
        for text in TEXTS
    )
    return posts


def compiled(read: Read, order: tuple[str, ...]) -> Any:
    form, _ = taken_apart(read.arguments, read.keywords)
    return projection._page_statement(read.selector, form, read.shape, read.selection, order, None)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_serializer_would_write(name: str, rows: list[Post]) -> None:
    read, order = PAGES[name]
    assert compiled(read, order), "this read is compiled"
    last = None
    while True:
        items, end = projection.page(read, order, limit=7, last=last)
        expected, expected_end = projection._page_by_serializer(read, order, 7, last)
        assert json.loads(b"[" + items + b"]") == json.loads(b"[" + expected + b"]")
        assert end == expected_end
        if end is None:
            return
        last = end


@pytest.mark.django_db
def test_every_post_and_comment_is_what_the_serializer_would_write(rows: list[Post]) -> None:
    for post in rows:
        read = Read(content.post_for, (ADA, post.id), {}, content_shapes.Post)
        found = projection.one(read, "ada")
        expected = projection._one_by_serializer(read, "ada")
        if expected is None:
            assert found is None
        else:
            assert found is not None
            assert (orjson.loads(found[0]), found[1]) == (orjson.loads(expected[0]), expected[1])
            assert projection.one(read, "ada", f'"old", W/"{found[1]}-br"') == (None, found[1])
            assert projection.one(read, "bob", f'"{found[1]}"')[0], "another's tag says nothing"

    own = next(post for post in rows if post.author_id == ADA.id)
    Comment.objects.update(post=own)
    for shape in COMMENTS:
        read = Read(content.comments_on, (ADA, own.id), {}, shape)
        items, _ = projection.page(read, OLDEST, limit=50, last=None)
        expected_items, _ = projection._page_by_serializer(read, OLDEST, 50, None)
        assert json.loads(b"[" + items + b"]") == json.loads(b"[" + expected_items + b"]")
        assert len(json.loads(b"[" + items + b"]")) == len(TEXTS)


@pytest.mark.django_db
def test_what_hangs_on_a_post_is_what_the_serializer_would_write(rows: list[Post]) -> None:
    own = next(post for post in rows if post.author_id == ADA.id)
    said = Comment.objects.all()
    said.update(post=own)
    root, reply = said[:2]
    said.filter(pk=reply.pk).update(parent=root)
    other = said.exclude(author=ADA.id)[0].author_id
    Collaborator.objects.create(post=own, user_id=other, role="editor")
    reads = [
        *(Read(content.comment_for, (ADA, own.id, reply.id), {}, shape) for shape in COMMENTS),
        Read(content.reaction_to, (ADA, rows[0].id), {}, content_shapes.Reaction),
    ]
    for read in reads:
        found, expected = projection.one(read, "ada"), projection._one_by_serializer(read, "ada")
        assert found
        assert expected
        assert (orjson.loads(found[0]), found[1]) == (orjson.loads(expected[0]), expected[1])
    lists = [
        *(
            Read(content.comments_on, (ADA, own.id), {"reply_to": root.id}, shape)
            for shape in COMMENTS
        ),
        Read(content.collaborators_on, (ADA, own.id), {}, content_shapes.Collaborator),
    ]
    for read in lists:
        items, _ = projection.page(read, OLDEST, limit=5, last=None)
        expected_items, _ = projection._page_by_serializer(read, OLDEST, 5, None)
        assert items
        assert json.loads(b"[" + items + b"]") == json.loads(b"[" + expected_items + b"]")
        assert compiled(read, OLDEST)


@pytest.mark.django_db
@pytest.mark.parametrize("name", WITH_THE_SERIALIZER)
def test_what_stays_with_the_serializer_is_known(name: str) -> None:
    read, reason = WITH_THE_SERIALIZER[name]

    assert compiled(read, ("-id",)) is None, f"compiled now, though {reason}"


@pytest.mark.django_db
def test_constants_are_written_out_so_that_partial_indexes_serve() -> None:
    read, order = PAGES["feed"]
    statement = compiled(read, order)

    assert "'published'" in statement.sql
    assert statement.sql.count("%s") == len(statement.places)


@pytest.mark.django_db
def test_a_selector_that_makes_something_of_a_value_is_not_compiled() -> None:
    def careless(actor: Actor) -> Any:
        return Post.objects.filter(author__in=[actor.id], title=str(actor.id)[-8:])

    form, _ = taken_apart((ADA,), {})

    assert (
        projection._page_statement(careless, form, content_shapes.PostSummary, None, NEWEST, None)
        is None
    )
