"""What the stream server serves (`manage.py stream`): events and probes."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
django.setup(set_prefix=False)

from apps.notifications.streaming.asgi import Application  # noqa: E402 - after the apps are ready

application = Application()
