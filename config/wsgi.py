"""What a WSGI server serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
django.setup(set_prefix=False)

from apps.core.http.application import Application  # noqa: E402 - models are behind it

application = Application()
