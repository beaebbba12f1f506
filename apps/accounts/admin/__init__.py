"""What staff see of accounts, and what they may do: actions are services, secrets are not shown."""

from apps.accounts.admin import (  # noqa: F401 - registered once imported
    api_keys,
    mailboxes,
    password,
    people,
    sessions,
    ways_in,
)
from apps.core import roles

roles.grant(
    roles.SUPPORT,
    *("accounts.view_user", "accounts.view_session", "accounts.view_mailsuppression"),
)
roles.grant(
    roles.ACCOUNTS,
    *("accounts.view_user", "accounts.change_user", "accounts.see_address"),
    *("accounts.view_session", "accounts.change_session", "accounts.view_emailcode"),
    *("accounts.view_passkey", "accounts.view_identity"),
    *("accounts.view_mailsuppression", "accounts.lift_mailsuppression"),
    "core.view_auditevent",
)
