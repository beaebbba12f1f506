"""What content keeps about people: their posts and comments, shown in an export, and buried when they leave."""

import uuid
from collections.abc import Iterator
from typing import IO

from apps.content.models import Bookmark, Case, Collaborator, Comment, Media, Post, Reaction, Report
from apps.content.services import leaving, uploading
from apps.core import personal

personal.shows(
    "posts",
    Post,
    by="author",
    fields=(
        *("id", "title", "summary", "body", "status", "visibility", "tags", "language"),
        *("created_at", "updated_at", "published_at", "scheduled_for", "deleted_at"),
    ),
)
personal.shows(
    "comments",
    Comment,
    by="author",
    fields=("id", "post_id", "body", "created_at", "updated_at", "deleted_at"),
)

for name, model, person in (
    ("reactions", Reaction, "user"),
    ("bookmarks", Bookmark, "user"),
    ("collaborations", Collaborator, "user"),
    ("reports", Report, "reporter"),
):
    own = ("role",) if model is Collaborator else ("reason", "note") if model is Report else ()
    personal.shows(name, model, by=person, fields=("id", *own, "created_at"))

personal.forgets(Bookmark, by="user")
personal.forgets(Collaborator, by="user")
# A case is about words, and they are buried; whoever decided it is a member of staff.
personal.keeps(Case)


@personal.erases(Reaction)
def take_back_reactions(user_id: uuid.UUID) -> int:
    return leaving.take_back_reactions_of(user_id=user_id, most=personal.BATCH)


@personal.erases(Report)
def forget_notes(user_id: uuid.UUID) -> int:
    return leaving.forget_notes_of(reporter_id=user_id)


@personal.erases(Comment)
def bury_comments(user_id: uuid.UUID) -> int:
    return leaving.bury_comments_of(author_id=user_id, most=personal.BATCH)


@personal.erases(Post)
def bury_posts(user_id: uuid.UUID) -> int:
    return leaving.bury_posts_of(author_id=user_id, most=personal.BATCH)


# Last: no post shows them any more.
@personal.erases(Media)
def delete_pictures(user_id: uuid.UUID) -> int:
    return uploading.forget_some_of(owner_id=user_id, most=personal.BATCH)


@personal.folder("pictures")
def pictures(user_id: uuid.UUID) -> Iterator[tuple[str, IO[bytes]]]:
    """Each in its largest size."""
    return uploading.files_of(owner_id=user_id)
