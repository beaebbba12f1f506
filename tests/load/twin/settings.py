"""The twin's settings: `startproject`, REST framework and simplejwt as their documentation sets them up."""

import json
import os
from datetime import timedelta

from config.settings.base import *  # noqa: F403 - what the models and their apps read
from config.settings.base import CACHE_URL, DATABASES, INSTALLED_APPS

ROOT_URLCONF = "tests.load.twin.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework_simplejwt"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # ETag and 304.
    "django.middleware.http.ConditionalGetMiddleware",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
SIMPLE_JWT = {"ACCESS_TOKEN_LIFETIME": timedelta(hours=6)}

# One connection per process that stays open. Stock Django opens one per request; the twin is spared that.
DATABASES["default"]["OPTIONS"] = {}
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = {}

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}
}
# What `app/config` answers, once ours has such a route.
APP_CONFIG = json.loads(os.environ.get("APP_CONFIG", "null"))
