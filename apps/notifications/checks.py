"""Checked before anything starts: every kind has words in every language, and they fill in only what they are given."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.template import TemplateDoesNotExist, TemplateSyntaxError

from apps.notifications import rendering
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.providers import mail_reports
from apps.notifications.rendering import letters


@register
def check_letters(**_: Any) -> list[CheckMessage]:
    """Every kind that goes by mail has its letter, and one for its digest, in every language of the product."""
    mailed = {name: kind for name, kind in KINDS.items() if Channel.EMAIL in kind.channels}
    wanted = {name: letters.given_by(kind) for name, kind in mailed.items()}
    digests = {name + rendering.DIGEST: kind for name, kind in mailed.items() if kind.digest}
    wanted |= {name: kind.data | {"count"} for name, kind in digests.items()}
    return [
        Error(f"The letter {name!r} in {language!r}: {fault}", id="notifications.E002")
        for name, known in wanted.items()
        for language, _ in settings.LANGUAGES
        if (fault := _fault_in_letter(name, language, known))
    ]


def _fault_in_letter(name: str, language: str, known: frozenset[str]) -> str:
    try:
        unknown = letters.names_in(name, language) - known - letters.GIVEN
    except TemplateDoesNotExist as missing:
        return f"there is no templates/{missing}"
    except TemplateSyntaxError as fault:
        return str(fault)
    return f"nobody gives {', '.join(sorted(unknown))}" if unknown else ""


@register
def check_mail_webhooks(**_: Any) -> list[CheckMessage]:
    """Every mail service that may report is known, and what it signs with can be read; the value is not shown."""
    faults = []
    for name in settings.MAIL_WEBHOOKS:
        try:
            if mail_reports.service_named(name) is None:
                faults.append(f"{name!r} is none of {', '.join(sorted(mail_reports.NAMES))}")
        except ValueError:
            faults.append(f"what {name!r} signs with is malformed")
    return [Error(f"MAIL_WEBHOOKS: {fault}.", id="notifications.E003") for fault in faults]


@register
def check_words(**_: Any) -> list[CheckMessage]:
    """Every kind with words of its own, and the digest of every kind that has one, is said in every language."""
    wanted = {name: kind.data for name, kind in KINDS.items() if not kind.is_composed}
    digests = {name + rendering.DIGEST: kind for name, kind in KINDS.items() if kind.digest}
    wanted |= {name: kind.data | {"count"} for name, kind in digests.items()}
    return [
        Error(f"The words of {name!r} in {language!r}: {fault}", id="notifications.E001")
        for name, known in wanted.items()
        for language, _ in settings.LANGUAGES
        if (fault := _fault_in(name, language, known))
    ]


def _fault_in(name: str, language: str, known: frozenset[str]) -> str:
    try:
        unknown = rendering.names_in(name, language) - known
        sample = {**dict.fromkeys(known, "x"), "count": 2}
        title = rendering.title_of(name, sample, language)
    except TemplateDoesNotExist:
        return f"there is no templates/notifications/{name}.{language}.txt"
    except TemplateSyntaxError as fault:
        return str(fault)
    if unknown:
        return f"nobody gives {', '.join(sorted(unknown))}"
    return "" if title else "the first line, which is the title, is empty"
