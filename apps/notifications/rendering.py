"""What a notification says, in the reader's language: the first line of its template is the title, the rest the body.

Plain text for lock screens and lists: nothing is escaped here, whoever shows it as HTML does that.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template import Context, Engine, Template
from django.utils.translation import get_supported_language_variant

# Characters; beyond it a phone cuts as well, and a push payload has room for no more.
MAX_TITLE = 120
MAX_BODY = 300


def title_of(kind: str, params: Mapping[str, Any], locale: str) -> str:
    """Render the title; raises TemplateDoesNotExist for a kind without words."""
    return _said(_words(kind, _language(locale))[0], params, MAX_TITLE)


def body_of(kind: str, params: Mapping[str, Any], locale: str) -> str:
    """Render the body, "" for a kind whose title says it all."""
    return _said(_words(kind, _language(locale))[1], params, MAX_BODY)


def _said(template: Template, params: Mapping[str, Any], most: int) -> str:
    text = " ".join(template.render(Context(dict(params), autoescape=False)).split())
    return text if len(text) <= most else text[: most - 1] + "…"


@lru_cache(maxsize=256)
def _words(kind: str, language: str) -> tuple[Template, Template]:
    engine = Engine.get_default()
    source = engine.get_template(f"notifications/{kind}.{language}.txt").source
    title, _, body = source.partition("\n")
    return Template(title, engine=engine), Template(body, engine=engine)


@lru_cache(maxsize=1024)
def _language(locale: str) -> str:
    try:
        return get_supported_language_variant(locale)
    except LookupError:
        return settings.LANGUAGE_CODE
