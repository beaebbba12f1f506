"""The second step as the admin asks for it: the same app and the same codes as on the phone."""

import uuid

from apps.accounts.errors import MfaCodeInvalid, MfaNotEnrolled
from apps.accounts.services import second_step
from apps.core.actors import Actor
from apps.core.second_step import Enrolment


class StaffStep:
    """What `core/second_step.py` asks of whoever keeps second steps."""

    def is_on(self, user_id: uuid.UUID) -> bool:
        return second_step.is_on(user_id=user_id)

    def passes(self, user_id: uuid.UUID, code: str) -> bool:
        return second_step.passes(user_id=user_id, code=code)

    def enrol(self, user_id: uuid.UUID) -> Enrolment:
        made = second_step.enrol(actor=Actor(user_id))
        return Enrolment(made.secret, made.uri)

    def confirm(self, user_id: uuid.UUID, code: str) -> list[str]:
        try:
            return second_step.confirm(actor=Actor(user_id), code=code)
        except (MfaCodeInvalid, MfaNotEnrolled):
            return []
