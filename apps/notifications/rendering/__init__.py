"""What a notification says, in the reader's language: the first line of its template is the title, the rest the body.

What staff composed lies in the notification itself.

Plain text for lock screens and lists: nothing is escaped here, whoever shows it as HTML does that.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Template
from django.template.base import Node, VariableNode

from apps.core.languages import language_of
from apps.notifications.kinds import KINDS

# Characters; beyond it a phone cuts as well, and a push payload has room for no more.
MAX_TITLE = 120
MAX_BODY = 300

DIGEST = ".digest"

COMPOSED = frozenset(name for name, kind in KINDS.items() if kind.is_composed)


def title_of(kind: str, data: Mapping[str, Any], locale: str) -> str:
    """Render the title; raises TemplateDoesNotExist for a kind without words."""
    if kind in COMPOSED:
        return _composed(data, locale)["title"]
    return _said(_words(kind, language_of(locale))[0], data, MAX_TITLE)


def body_of(kind: str, data: Mapping[str, Any], locale: str) -> str:
    """Render the body, "" for a kind whose title says it all."""
    if kind in COMPOSED:
        return _composed(data, locale)["body"]
    return _said(_words(kind, language_of(locale))[1], data, MAX_BODY)


def names_in(kind: str, language: str) -> set[str]:
    """Return the names that the template of a kind fills in; raises TemplateDoesNotExist, TemplateSyntaxError."""
    return {
        str(node.filter_expression.var).partition(".")[0]
        for template in _words(kind, language)
        for node in _nodes(template)
        if isinstance(node, VariableNode)
    }


def _composed(data: Mapping[str, Any], locale: str) -> Mapping[str, str]:
    """Return what staff wrote in the language that suits a locale; in the product's own where they wrote none."""
    content = data["words"]
    return content.get(language_of(locale)) or content[settings.LANGUAGE_CODE]


def _nodes(template: Template) -> Iterator[Node]:
    yield from template.nodelist.get_nodes_by_type(Node)


def _said(template: Template, data: Mapping[str, Any], most: int) -> str:
    text = " ".join(template.render(Context(dict(data), autoescape=False)).split())
    return text if len(text) <= most else text[: most - 1] + "…"


@lru_cache(maxsize=1)
def _engine() -> Engine:
    """An engine without the tags of installed apps: to find those, Django's own imports half of what there is."""
    places: Any = settings.TEMPLATES[0]["DIRS"]
    return Engine(dirs=places, app_dirs=True)


@lru_cache(maxsize=256)
def _words(kind: str, language: str) -> tuple[Template, Template]:
    engine = _engine()
    source = engine.get_template(f"notifications/{kind}.{language}.txt").source
    title, _, body = source.partition("\n")
    return Template(title, engine=engine), Template(body, engine=engine)
