"""What mail services tell of addresses, and staff who let mail go there again."""

import uuid

import structlog
from django.db import transaction

from apps.accounts.models import MailSuppression
from apps.accounts.querysets import one_spelling

security = structlog.stdlib.get_logger("security")


def note_bounce(*, address: str, is_final: bool, code: str) -> None:
    """Suppress an address at which no mail can ever arrive, or count that it did not for now. Commits.

    Does nothing for what is no address of ours: nobody has it.
    """
    if spelled := _spelled(address):
        with transaction.atomic():
            if is_final:
                MailSuppression.objects.note_bounce(spelled, code=code)
            else:
                MailSuppression.objects.note_soft_bounce(spelled, code=code)


def note_complaint(*, address: str, code: str) -> None:
    """Suppress an address whose reader called our mail spam; codes and account notices still go there. Commits."""
    if spelled := _spelled(address):
        with transaction.atomic():
            MailSuppression.objects.note_complaint(spelled, code=code)


def lift(*, suppression_id: uuid.UUID, by: uuid.UUID) -> bool:
    """Let mail go to an address again; tell whether it was suppressed. Commits, and the audit log has it."""
    with transaction.atomic():
        lifted = bool(MailSuppression.objects.filter(pk=suppression_id).lift())
    if lifted:
        security.warning("mail suppression lifted", suppression=str(suppression_id), by=str(by))
    return lifted


def _spelled(address: str) -> str:
    try:
        return one_spelling(address)
    except UnicodeError:
        return ""
