"""What the processes of a drill run on: test settings, the doorbell, and the drill's own jobs."""

from config import env
from config.settings import email
from config.settings.test import *  # noqa: F403
from config.settings.test import INSTALLED_APPS

INSTALLED_APPS = ["tests.drills.ledger", *INSTALLED_APPS]
JOB_DOORBELL = True
if env.text("SMTP_HOST", default=""):
    MAILERS = email.MAILERS
