"""Demo data: what a handful of people wrote and said in the last two months (`demo.toml`)."""

import hashlib
import random
import tomllib
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.content import storage, tasks
from apps.content.models import Bookmark, Collaborator, Comment, Media, Post, Reaction
from apps.content.seed.pictures import paint
from apps.content.services import commenting
from apps.core import jobs
from apps.core.actors import Actor

_SOURCE = Path(__file__).with_name("demo.toml")
# Names each post by its title, so that a second run finds it again.
_NAMESPACE = uuid.UUID("0193aaaa-0000-7000-8000-000000000000")
_BETWEEN_POSTS = timedelta(hours=37)
_AHEAD = timedelta(days=6)
_SHOWN_ONCE = {Post.Status.PUBLISHED, Post.Status.ARCHIVED}


@transaction.atomic
def seed() -> None:
    """Write what is not there yet. A post that was deleted since stays deleted."""
    source = tomllib.loads(_SOURCE.read_text())
    people = {key: _person(**described) for key, described in source["people"].items()}
    posts = [_post(people, place, text) for place, text in enumerate(source["posts"])]
    ids = [post.id for post in posts]
    known = set(Post.objects.filter(pk__in=ids).values_list("pk", flat=True))
    # Not through the service: what is written now can't have been published last month.
    new = [post for post in posts if post.id not in known]
    reactions = [reaction for post in new for reaction in _reactions(list(people.values()), post)]
    # Of three posts that everybody sees two have a picture.
    shown = [post for post in new if post.published_at and post.visibility == "public"]
    _illustrate([post for place, post in enumerate(shown) if place % 3 != 2])
    Post.objects.bulk_create(new)
    Reaction.objects.bulk_create(reactions)
    for post, text in zip(posts, source["posts"], strict=True):
        if post.id not in known:
            _talk(people, post, text)


def _reactions(people: list[User], post: Post) -> list[Reaction]:
    """Let some of the others react, the same ones every time; counted on the post."""
    if post.status != Post.Status.PUBLISHED:
        return []
    chance = random.Random(post.title)  # noqa: S311 - for show
    others = [person for person in people if person != post.author]
    chosen = chance.sample(others, chance.randrange(len(others) + 1))
    post.reaction_count = len(chosen)
    kinds = list(Reaction.Kind)
    return [Reaction(post=post, user=one, kind=chance.choice(kinds)) for one in chosen]


def _illustrate(posts: list[Post]) -> None:
    """Put a picture for each into quarantine, as if its author had uploaded it; the worker makes them ready."""
    covers = [_picture(post) for post in posts]
    Media.objects.bulk_create(covers)
    for post, media in zip(posts, covers, strict=True):
        post.cover = media
        jobs.enqueue(tasks.process_media, media_id=media.pk)


def _picture(post: Post) -> Media:
    content, key = paint(post.title), uuid.uuid5(_NAMESPACE, f"cover of {post.title}")
    storage.store().put(storage.quarantine_key(key), content, media_type="image/jpeg")
    return Media(
        id=key,
        owner=post.author,
        visibility=Media.Visibility.PUBLIC,
        state=Media.State.PROCESSING,
        content_type="image/jpeg",
        size=len(content),
        charged_bytes=len(content),
        sha256=hashlib.sha256(content).digest(),
    )


def _talk(people: dict[str, User], post: Post, text: dict[str, Any]) -> None:
    """Say what was said, have others write along, keep it for later."""
    said: list[Comment] = []
    for name, words, *reply_to in text.get("comments", ()):
        root = said[reply_to[0]].id if reply_to else None
        actor = Actor(id=people[name].id)
        comment, _ = commenting.add_comment(actor=actor, post_id=post.id, body=words, reply_to=root)
        said.append(comment)
    for name in text.get("editors", ()):
        Collaborator.objects.create(post=post, user=people[name], role=Collaborator.Role.EDITOR)
    Bookmark.objects.bulk_create(Bookmark(post=post, user=comment.author) for comment in said[:1])


def _person(*, email: str, name: str, locale: str) -> User:
    person, is_new = User.objects.get_or_create(
        email=email, defaults={"display_name": name, "locale": locale}
    )
    if is_new:
        # Somebody to read, not to sign in as.
        person.set_unusable_password()
        person.save(update_fields=["password"])
    return person


def _post(people: dict[str, User], place: int, text: dict[str, Any]) -> Post:
    written_at = timezone.now() - place * _BETWEEN_POSTS - timedelta(hours=2)
    status = text.get("status", Post.Status.PUBLISHED)
    return Post(
        id=uuid.uuid5(_NAMESPACE, text["title"]),
        created_at=written_at,
        updated_at=written_at,
        author=people[text["by"]],
        title=text["title"],
        summary=text["summary"],
        body=text["body"].strip(),
        status=status,
        visibility=text.get("visibility", Post.Visibility.PUBLIC),
        language=text["language"],
        tags=text["tags"],
        published_at=written_at + timedelta(hours=1) if status in _SHOWN_ONCE else None,
        scheduled_for=timezone.now() + _AHEAD if status == Post.Status.SCHEDULED else None,
    )
