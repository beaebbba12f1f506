"""What people can be told: every kind of notification, declared once.

The words of a kind are in `templates/notifications/<kind>.<language>.txt`, title on the first line; those of a digest
in `<kind>.digest.<language>.txt`; those of a mail are in the folder `email/<kind>/<language>`. `checks.py` compares all
with what is declared here before anything starts.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from django.db.models import TextChoices


class Category(TextChoices):
    """What people choose by."""

    SOCIAL = "social"
    SECURITY = "security"
    NEWS = "news"
    MARKETING = "marketing"


class Topic(TextChoices):
    """What an open app is hinted to ask for again."""

    POSTS = "posts"
    """The posts that somebody works on."""


class Channel(TextChoices):
    """How something reaches somebody."""

    IN_APP = "in_app"
    PUSH = "push"
    EMAIL = "email"


class Priority(Enum):
    """What a push may do to a phone."""

    LOW = auto()
    """Lies there when somebody looks."""
    NORMAL = auto()
    """Wakes the phone up, outside quiet hours."""
    URGENT = auto()
    """At any hour, however often, and muted or not."""


@dataclass(frozen=True, slots=True)
class Digest:
    """After so many pushes about one target within a while, the rest of that while is one push at its end."""

    after: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Kind:
    """What all notifications of one kind share."""

    category: Category
    data: frozenset[str]
    """The names that its template fills in: a call of `notify` gives these and no others."""
    life: timedelta
    """A push that could not be delivered for so long is not worth delivering any more."""
    channels: frozenset[Channel] = frozenset({Channel.IN_APP, Channel.PUSH})
    mail_after: timedelta = timedelta(0)
    """A mail leaves when its reader has not read it in the app for so long."""
    priority: Priority = Priority.NORMAL
    replaces_older: bool = False
    """On the phone, the newest about a target takes the place of older ones."""
    digest: Digest | None = None
    badge: bool = True
    """The push sets the number on the app's icon."""
    is_composed: bool = False
    """Its words come from a campaign of staff's, and not from a template."""

    @property
    def is_mandatory(self) -> bool:
        """Nobody can switch off what protects their account."""
        return self.category == Category.SECURITY


# What a composed notification carries: title and body by language, what it opens, and a picture.
COMPOSED = frozenset({"words", "link", "image"})
_ALSO_BY_MAIL = frozenset(Channel)

KINDS = {
    "comment_created": Kind(
        Category.SOCIAL,
        data=frozenset({"name", "title"}),
        life=timedelta(days=1),
        channels=_ALSO_BY_MAIL,
        mail_after=timedelta(hours=1),
        digest=Digest(after=3, within=timedelta(minutes=10)),
    ),
    "comment_replied": Kind(
        Category.SOCIAL,
        data=frozenset({"name", "title"}),
        life=timedelta(days=1),
        channels=_ALSO_BY_MAIL,
        mail_after=timedelta(hours=1),
    ),
    "post_shared": Kind(
        Category.SOCIAL,
        data=frozenset({"name", "title"}),
        life=timedelta(days=7),
        channels=_ALSO_BY_MAIL,
        mail_after=timedelta(minutes=10),
    ),
    "content_hidden": Kind(
        Category.SOCIAL, data=frozenset({"what"}), life=timedelta(days=7), priority=Priority.LOW
    ),
    # Not by mail: accounts write to the owner themselves.
    "device_signed_out": Kind(
        Category.SECURITY,
        data=frozenset({"device"}),
        life=timedelta(days=7),
        priority=Priority.URGENT,
    ),
    "announcement": Kind(
        Category.NEWS,
        data=COMPOSED,
        life=timedelta(days=2),
        channels=_ALSO_BY_MAIL,
        is_composed=True,
    ),
    "offer": Kind(
        Category.MARKETING,
        data=COMPOSED,
        life=timedelta(days=1),
        channels=_ALSO_BY_MAIL,
        badge=False,
        is_composed=True,
    ),
}

# What is off until somebody switches it on. No phone rings for marketing unless its owner has asked for it.
OFF_BY_DEFAULT = frozenset(
    {
        (Category.SOCIAL, Channel.EMAIL),
        (Category.NEWS, Channel.EMAIL),
        (Category.MARKETING, Channel.PUSH),
        (Category.MARKETING, Channel.EMAIL),
    }
)
