"""Who may meet whose words: the conditions behind `visible_to` and `editable_by`, of posts and of what points to one.

`at` is the path from the row to what the condition is about: "" for the row itself, "post__" for the post it points to.
All of it becomes part of the one statement that asks.
"""

from django.apps import apps
from django.db.models import OuterRef, Q

from apps.accounts.selectors import unblocked
from apps.core.actors import Actor
from apps.core.querysets import finds


def meets_author(actor: Actor, at: str = "") -> Q:
    """The author's account stands, and neither has blocked the other. Nobody can block themselves."""
    stands = Q(**{f"{at}author__is_active": True, f"{at}author__deleted_at": None})
    return stands & unblocked(actor, f"{at}author")


def sees_post(actor: Actor, at: str = "") -> Q:
    """What the actor may open by its id: own and shared posts in any state, of others what is published, not private.

    Whoever knows the id of an unlisted post may read it; no list shows it.
    """
    post = apps.get_model("content", "Post")
    shown = Q(
        **{
            f"{at}status": post.Status.PUBLISHED,
            f"{at}visibility__in": [post.Visibility.PUBLIC, post.Visibility.UNLISTED],
            f"{at}hidden_at": None,
        }
    )
    works_on_it = owns_post(actor, at) | shares_post(actor, at) if actor.is_authenticated else Q()
    return Q(**{f"{at}deleted_at": None}) & meets_author(actor, at) & (works_on_it | shown)


def edits_post(actor: Actor, at: str = "") -> Q:
    """What the actor may put into other words: own posts, and those shared with an editor."""
    editor = apps.get_model("content", "Collaborator").Role.EDITOR
    works_on_it = owns_post(actor, at) | shares_post(actor, at, role=editor)
    return Q(**{f"{at}deleted_at": None}) & meets_author(actor, at) & works_on_it


def owns_post(actor: Actor, at: str = "") -> Q:
    return Q(**{f"{at}author": actor.id})


def shares_post(actor: Actor, at: str = "", **role: str) -> Q:
    """The author has shared it with the actor, in this role or in any."""
    shares = apps.get_model("content", "Collaborator").objects.alive()
    return finds(shares.filter(post=OuterRef(f"{at}pk"), user=actor.id, **role))
