"""Mail as every app writes it: a folder of templates, one subject, text and HTML for each letter and language.

    LETTERS = Letters("accounts/email", sample={"code": "314159"})
    message = compose(LETTERS.write("code", language, context), to=address, intent=f"code.{code_id}")

Staff look at every letter in the admin, filled with its app's `sample`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template, render_to_string

registry: dict[str, "Letters"] = {}


@dataclass(frozen=True, slots=True)
class Written:
    """What a mail says, in one language."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Letters:
    """The letters of one app: `templates/<folder>/<name>/<language>/subject.txt`, `body.txt` and `body.html`."""

    folder: str
    sample: Mapping[str, Any]
    """What they are filled with when nobody gets them."""

    def __post_init__(self) -> None:
        registry[self.app] = self

    @property
    def app(self) -> str:
        return self.folder.partition("/")[0]

    def names(self) -> list[str]:
        """Return the names of all letters: the folders of their templates."""
        root = settings.ROOT / "templates" / self.folder
        return sorted(folder.name for folder in root.iterdir() if folder.is_dir())

    def write(self, name: str, language: str, context: Mapping[str, Any]) -> Written:
        """Write a letter; raises TemplateDoesNotExist."""
        place = f"{self.folder}/{name}/{language}"
        known = {**context, "product": settings.PROJECT_NAME}
        return Written(
            subject=" ".join(_plain(f"{place}/subject.txt", known).split()),
            text=_plain(f"{place}/body.txt", known),
            html=render_to_string(f"{place}/body.html", known),
        )

    def write_sample(self, name: str, language: str) -> Written:
        """Write a letter about nobody, for staff to look at."""
        return self.write(name, language, self.sample)


def compose(
    written: Written, *, to: str, intent: str, headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """Make a message; its Message-ID is that of its intent, so that a repeat shows as one."""
    message = EmailMultiAlternatives(
        subject=written.subject,
        body=written.text,
        to=[to],
        headers={
            "Message-ID": f"<{intent}@{sending_domain()}>",
            # RFC 3834: nobody's absence notice should answer this.
            "Auto-Submitted": "auto-generated",
            **(headers or {}),
        },
    )
    message.attach_alternative(written.html, "text/html")
    return message


def sending_domain() -> str:
    """Return the domain that our mail comes from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def _plain(template: str, context: dict[str, Any]) -> str:
    # In plain text an ampersand is an ampersand.
    return get_template(template).template.render(Context(context, autoescape=False))  # type: ignore[attr-defined]
