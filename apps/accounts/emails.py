"""Mail about accounts: rendered in the person's language, sent once per intent.

What a stranger may have typed (a display name above all) never appears in mail to an address that is not proven: it
would let anybody write to anybody in our name.

A bounce stops account mail to an address for a day: what was not sent is a dead letter that says so. Then the next mail
tries again, since nobody must be locked out for ever by a server's bad day. Complaints stop notifications and not this.
"""

import smtplib
import uuid
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import translation
from django.utils.formats import date_format

from apps.accounts import keys, selectors
from apps.accounts.models import EmailCode, MailSuppression, Session, User
from apps.core import jobs, smtp
from apps.core.languages import language_of
from apps.core.mail import Letters, compose
from apps.core.smtp import Meaning

LETTERS = Letters(
    "accounts/email",
    sample={
        "code": "314159",
        "minutes": 10,
        "days": 3,
        "device": "iPhone",
        "until": "21.12.2026",
        "notice": "totp_on",
    },
)
# What a mail says about its code.
_TEMPLATES: dict[str, str] = {
    EmailCode.Purpose.VERIFY_EMAIL: "code",
    EmailCode.Purpose.REAUTHENTICATE: "proof_code",
    EmailCode.Purpose.RESET_PASSWORD: "reset_code",
    EmailCode.Purpose.CHANGE_EMAIL: "change_code",
    EmailCode.Purpose.SIGN_IN: "sign_in_code",
}


class MailFailed(Exception):
    """The mail server did not take the message; named without the address."""


def send_code(code: EmailCode, owner: User) -> None:
    """Send a code to the address it proves. The message id is the code's, so that a repeat shows as one."""
    digits = keys.digits_of(code.pk)
    if not keys.code_matches(code.pk, digits, code.code_hash):
        raise jobs.GiveUp(
            "the code was made under another key; the person has to ask for a new one"
        )
    minutes = int(settings.EMAIL_CODE_LIFETIME.total_seconds() // 60)
    context = {"code": digits, "minutes": minutes}
    _send(_TEMPLATES[code.purpose], code.address, owner.locale, f"code.{code.pk}", context)


def send_account_exists(code: EmailCode, owner: User) -> None:
    """Tell the owner of an address that somebody tried to register it."""
    _send("account_exists", code.address, owner.locale, f"code.{code.pk}", {})


def send_password_notice(user: User, notice_id: uuid.UUID) -> None:
    """Tell a person that their password is another now."""
    _send("password_notice", user.email or "", user.locale, f"password.{notice_id}", {})


def send_address_notice(code: EmailCode, owner: User) -> None:
    """Tell the address that an account had before that it has another now, and not which."""
    _send("address_notice", code.former_address or "", owner.locale, f"address.{code.pk}", {})


def send_reuse_notice(session: Session) -> None:
    """Tell a person that a device was signed out for their safety; raises jobs.GiveUp for an address that bounces."""
    to, locale = session.user.email or "", session.user.locale
    _send("reuse_notice", to, locale, f"reuse.{session.pk}", {"device": session.name})


def send_farewell(user: User) -> None:
    """Tell a person until when they may have their deleted account back."""
    assert user.email  # noqa: S101
    assert user.kept_until  # noqa: S101
    with translation.override(language_of(user.locale)):
        until = date_format(user.kept_until.astimezone(ZoneInfo(user.time_zone)), "DATE_FORMAT")
    _send("farewell", user.email, user.locale, f"farewell.{user.pk}", {"until": until})


def send_erased(user: User) -> None:
    """Send the receipt: nothing is kept any more."""
    assert user.email  # noqa: S101
    _send("erased", user.email, user.locale, f"erased.{user.pk}", {})


def send_export_ready(user: User, export_id: uuid.UUID) -> None:
    """Tell a person that their archive is ready. It is fetched in the app: mail is no place for such a link."""
    assert user.email  # noqa: S101
    days = settings.EXPORT_KEPT.days
    _send("export_ready", user.email, user.locale, f"export.{export_id}", {"days": days})


def send_security_notice(user: User, notice: str, intent_id: uuid.UUID) -> None:
    """Tell a person what changed; the template knows each notice by its name."""
    _send(
        "security_notice", user.email or "", user.locale, f"notice.{intent_id}", {"notice": notice}
    )


def _send(name: str, to: str, locale: str, intent: str, context: dict[str, Any]) -> None:
    if selectors.bounces_now(to):
        # A dead letter: staff see it, may lift the suppression and replay.
        raise jobs.GiveUp("mail to this address bounced lately: see the mail suppressions")
    written = LETTERS.write(name, language_of(locale), context)
    _hand_over(compose(written, to=to, intent=intent), to)


def _hand_over(message: EmailMultiAlternatives, to: str) -> None:
    try:
        message.send()
    except smtplib.SMTPException as failure:
        verdict = smtp.verdict_on(failure)
        if verdict.meaning is Meaning.NO_MAILBOX:
            MailSuppression.objects.note_bounce(to, code=verdict.code)
        if verdict.meaning in (Meaning.NO_MAILBOX, Meaning.REFUSED):
            raise jobs.GiveUp(f"the mail server refuses it: {verdict.code}") from None
        # What the server says may quote the address; what is kept of a failed job must not.
        raise MailFailed(verdict.code) from None
