"""News from accounts, for the apps above; sent inside the transaction that makes it true.

A receiver's rows commit or roll back with the news, and a receiver that raises undoes it.
"""

from django.dispatch import Signal

# An account was made. Arguments: user.
user_registered = Signal()

# An account has proven its address. Arguments: user.
email_verified = Signal()

# An account was deleted by its owner, who may still come back. Arguments: user_id.
account_closed = Signal()

# It was taken back. Arguments: user_id.
account_restored = Signal()

# Staff keep an account out, or let it in again. Arguments: user_id.
account_disabled = Signal()
account_enabled = Signal()

# A device was signed in. Arguments: session; device, what the phone said of itself, or None.
session_started = Signal()

# A device was signed out, by whomever. Arguments: session_id, user_id, reason (a `Session.End`).
session_ended = Signal()
