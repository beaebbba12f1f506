"""Push: which provider, with which credentials."""

from config import env
from config.settings import timeouts

# "fcm" sends for real; "console" writes the message to the log.
PUSH_PROVIDER = env.text("PUSH_PROVIDER", local="console")

FCM_BASE_URL = env.text("FCM_BASE_URL", default="https://fcm.googleapis.com")
# The service account as one line of JSON, as Google hands it out.
FCM_CREDENTIALS = (
    env.text("FCM_CREDENTIALS")
    if PUSH_PROVIDER == "fcm"
    else env.text("FCM_CREDENTIALS", default="")
)
PUSH_TIMEOUTS = (timeouts.PUSH_CONNECT, timeouts.PUSH_READ)
