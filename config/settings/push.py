"""Push and the inbox: which provider, with which credentials, and how long things are kept."""

from config import env, project
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

# How the app's own addresses begin: what a notification opens is `<this>post/<id>`.
DEEP_LINKS = f"{project.SLUG}://"
# How long the inbox goes back.
NOTIFICATION_DAYS = 180
# How long is known what became of a push; then its month is dropped.
DELIVERY_DAYS = 90
# Pushes that one phone shows in 24 hours; urgent ones are counted and not held back.
PUSH_DAILY_CAP = 100

# Installations per person; beyond it the one that was not seen for longest is let go.
DEVICE_CAP = 20
# An address that its app has not confirmed for so long reaches nobody (Firebase: 270 days on Android).
PUSH_ADDRESS_DAYS = 270
# Such a phone lies in a drawer, perhaps: it is no longer woken up for a message.
PUSH_QUIET_DAYS = 30
# An installation that nobody is signed in to and nobody has heard of for so long is deleted.
ABANDONED_DEVICE_DAYS = 90
