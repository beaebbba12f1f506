"""Push and the inbox: which provider, with which credentials, and how long things are kept."""

import tempfile

from config import env, project
from config.settings import timeouts

# "fcm", "apns" and "expo" send for real, each to the addresses of its kind; "console" writes all messages to the log.
PUSH_PROVIDERS = env.names("PUSH_PROVIDERS", local=("console",))

FCM_BASE_URL = env.text("FCM_BASE_URL", default="https://fcm.googleapis.com")
# The service account as one line of JSON, as Google hands it out.
FCM_CREDENTIALS = (
    env.text("FCM_CREDENTIALS")
    if "fcm" in PUSH_PROVIDERS
    else env.text("FCM_CREDENTIALS", default="")
)

APNS_URL = env.text("APNS_URL", default="https://api.push.apple.com")
# For apps that were built for testing.
APNS_SANDBOX_URL = env.text("APNS_SANDBOX_URL", default="https://api.sandbox.push.apple.com")
# The .p8 key as Apple hands it out, its line ends written as \n; whose it is; the app's bundle id.
APNS_KEY = env.text("APNS_KEY", default="").replace("\\n", "\n")
APNS_KEY_ID = env.text("APNS_KEY_ID", default="")
APNS_TEAM_ID = env.text("APNS_TEAM_ID", default="")
APNS_TOPIC = env.text("APNS_TOPIC", default="")

EXPO_URL = env.text("EXPO_URL", default="https://exp.host")
# Only where the project asks for one.
EXPO_ACCESS_TOKEN = env.text("EXPO_ACCESS_TOKEN", default="")

# An authority of your own, in front of Apple, that is trusted beside the public ones.
PUSH_CA_FILE = env.text("PUSH_CA_FILE", default="")
# Messages that each process may have with one service at a time, at most (`providers/pace.py`).
PUSH_IN_FLIGHT = env.number("PUSH_IN_FLIGHT", default=100, local=100)
# Where senders note what services answered until it is in the ledger; best on what outlives a killed sender.
PUSH_JOURNAL = env.text(
    "PUSH_JOURNAL", default=f"{tempfile.gettempdir()}/{project.SLUG}-push-journal"
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

# Whoever wrote at a campaign does not release it.
CAMPAIGN_FOUR_EYES = env.flag("CAMPAIGN_FOUR_EYES", default=False)
