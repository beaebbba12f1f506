"""The foundation: people, where they are signed in, and how they prove who they are."""

from apps.accounts.models.api_keys import ApiKey
from apps.accounts.models.blocks import Block
from apps.accounts.models.challenges import Challenge
from apps.accounts.models.codes import EmailCode
from apps.accounts.models.exports import Export
from apps.accounts.models.identities import Identity
from apps.accounts.models.mailboxes import MailSuppression
from apps.accounts.models.passkeys import Passkey
from apps.accounts.models.people import User
from apps.accounts.models.second_step import RecoveryCode, Totp
from apps.accounts.models.sessions import SUPERSEDE_WINDOW, Place, Session

__all__ = [
    "SUPERSEDE_WINDOW",
    "ApiKey",
    "Block",
    "Challenge",
    "EmailCode",
    "Export",
    "Identity",
    "MailSuppression",
    "Passkey",
    "Place",
    "RecoveryCode",
    "Session",
    "Totp",
    "User",
]
