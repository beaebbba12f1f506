"""Base, with the comforts of a developer's machine."""

from pathlib import Path

from config import env
from config.settings.base import *
from config.settings.base import LOCAL_STATE, STORAGES

LOCAL = True
STAFF_SECOND_STEP = False
LOGGING = {"level": "INFO", "format": "console"}
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files are served where they lie; nothing is collected.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
MAIL_FOLDER = Path(env.text("MAIL_FOLDER", default=str(LOCAL_STATE / "mail")))
MAILERS = {
    "default": {
        "BACKEND": "apps.core.development.mail.EmlFileBackend",
        "OPTIONS": {"folder": MAIL_FOLDER},
    }
}
