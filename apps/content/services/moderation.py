"""What staff make of a case: hide what it is about, show it again, leave it, or keep its author out.

Each verb may be repeated. Authors are told that something of theirs was hidden, never who complained.
"""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.services import standing
from apps.content.errors import CommentNotFound, NothingToHide, PostNotFound
from apps.content.models import Case, Comment, Post
from apps.content.services.commenting import count_in, with_post_locked
from apps.content.services.rows import hint_at, locked, write
from apps.notifications.services import notify


def hide(*, case_id: uuid.UUID, by: uuid.UUID) -> None:
    """Take what the case is about out of sight, and close the case as upheld. Tells the author.

    What is deleted by now needs no hiding. Raises NothingToHide for a case about a person.
    """
    with transaction.atomic():
        case = _locked(case_id)
        if case.person_id:
            raise NothingToHide
        if _set_hidden(case, True):
            _tell(case)
        _close(case, Case.State.UPHELD, by)


def restore(*, case_id: uuid.UUID, by: uuid.UUID) -> None:
    """Show what was hidden again, and close the case as dismissed."""
    with transaction.atomic():
        case = _locked(case_id)
        _set_hidden(case, False)
        _close(case, Case.State.DISMISSED, by)


def dismiss(*, case_id: uuid.UUID, by: uuid.UUID) -> None:
    """Close an open case without consequences."""
    with transaction.atomic():
        case = _locked(case_id)
        if case.state == Case.State.OPEN:
            _close(case, Case.State.DISMISSED, by)


def suspend_author(*, case_id: uuid.UUID, by: uuid.UUID) -> None:
    """Keep out whose words these are: they are signed out, and all of theirs disappears with them."""
    with transaction.atomic():
        case = _locked(case_id)
        standing.disable(user_id=case.author_id, by=by)
        _close(case, Case.State.UPHELD, by)


def _locked(case_id: uuid.UUID) -> Case:
    case: Case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    return case


def _close(case: Case, state: Case.State, by: uuid.UUID) -> None:
    if case.state != state:
        case.state, case.closed_at, case.closed_by_id = state, Now(), by
        case.save(update_fields=["state", "closed_at", "closed_by"])


def _set_hidden(case: Case, is_hidden: bool) -> bool:
    """Return whether that is new."""
    try:
        row = _row_of(case)
    except (PostNotFound, CommentNotFound):
        return False
    if bool(row.hidden_at) == is_hidden:
        return False
    if isinstance(row, Comment) and is_hidden:
        count_in(row, -1)
    write(row, hidden_at=Now() if is_hidden else None)
    if isinstance(row, Post):
        hint_at([row.pk])
    if isinstance(row, Comment) and not is_hidden:
        count_in(row, 1)
    return True


def _row_of(case: Case) -> Post | Comment:
    if case.post_id:
        return locked(Post.objects.alive(), case.post_id)
    assert case.comment_id  # noqa: S101 - a case about a person has nothing to hide
    return with_post_locked(Comment.objects.alive(), case.comment_id)


def _tell(case: Case) -> None:
    notify(
        recipient_id=case.author_id,
        kind="content_hidden",
        data={"what": case.kind},
        target=("post", case.post_id) if case.post_id else None,
        key=f"{case.id}:{case.report_count}",
    )
