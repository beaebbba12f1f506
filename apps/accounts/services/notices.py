"""Telling people by mail that something about the safety of their account has changed."""

from apps.accounts import tasks
from apps.accounts.models import User
from apps.core import jobs
from apps.core.ids import new_id


def tell(user: User, notice: str) -> None:
    """Have a notice mailed, within the caller's transaction; `notice` is one that the mail's template knows."""
    jobs.enqueue(tasks.send_security_notice, user_id=user.pk, notice_id=notice, intent_id=new_id())
