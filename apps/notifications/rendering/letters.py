"""What a notification says by mail: a letter of its kind, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.template import Node, Template
from django.template.base import VariableNode
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode

from apps.core.languages import language_of
from apps.core.mail import Letters, Written
from apps.notifications.kinds import KINDS, Kind
from apps.notifications.rendering import body_of, title_of

# Characters; what others have typed must not make a subject of a page.
MAX_SUBJECT = 150

# What the program fills in beside the data of a kind.
GIVEN = frozenset({"product", "link", "unsubscribe"})
PARTS = ("subject.txt", "body.txt", "body.html")

LETTERS = Letters(
    "notifications/email",
    sample={
        "name": "Ada",
        "title": "Harbour lights",
        "body": "What the night ferry sees.",
        "count": 4,
        "link": "app://post/01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091",
        "unsubscribe": "https://app.example/unsubscribe/…",
    },
)


def given_by(kind: Kind) -> frozenset[str]:
    """Return what a letter of a kind may fill in; of what staff composed, a title and a text."""
    return frozenset({"title", "body"}) if kind.is_composed else kind.data


def said_in(name: str, data: Mapping[str, Any], locale: str) -> Mapping[str, Any]:
    """Return what the letter of a kind is given of a notification's data."""
    if not KINDS[name].is_composed:
        return data
    return {"title": title_of(name, data, locale), "body": body_of(name, data, locale)}


def written(name: str, data: Mapping[str, Any], locale: str, **given: str) -> Written:
    """Write the letter of a kind, or of its digest; raises TemplateDoesNotExist for one without words.

    What people have typed is one line each: nobody writes paragraphs of their own into our mail.
    """
    lines = {key: " ".join(str(value).split()) for key, value in data.items()}
    letter = LETTERS.write(name, language_of(locale), {**lines, **given})
    if len(letter.subject) <= MAX_SUBJECT:
        return letter
    return Written(letter.subject[: MAX_SUBJECT - 1] + "…", letter.text, letter.html)


def names_in(name: str, language: str) -> set[str]:
    """Return the names that the three parts of a letter fill in; raises TemplateDoesNotExist, TemplateSyntaxError."""
    places = [f"{LETTERS.folder}/{name}/{language}/{part}" for part in PARTS]
    return {found for place in places for found in _names(get_template(place).template)}  # type: ignore[attr-defined]


def _names(template: Template) -> set[str]:
    own: list[Node] = list(template.nodelist)
    # What a layout's blocks are filled with lies below the tag that names the layout.
    nodes = [node for one in own for node in (one, *getattr(one, "nodelist", ()))]
    nodes += [n for one in own if isinstance(one, ExtendsNode) for n in one.blocks.values()]
    variables = {n for node in nodes for n in node.get_nodes_by_type(VariableNode)}
    return {str(node.filter_expression.var).partition(".")[0] for node in variables}
