"""Identity: the user model, password hashing, tokens."""

from datetime import timedelta

from config import env, project

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "admin:login"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "display_name")},
    },
]

# Signs access and refresh tokens. Apart from SECRET_KEY, so that either can be rotated alone.
TOKEN_SIGNING_KEY = env.text(
    "TOKEN_SIGNING_KEY", local="local-token-key-never-used-in-production-0123456789"
)
ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
SESSION_IDLE_LIFETIME = timedelta(days=30)
SESSION_ABSOLUTE_LIFETIME = timedelta(days=90)

SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": TOKEN_SIGNING_KEY,
    "ISSUER": project.SLUG,
    "AUDIENCE": f"{project.SLUG}-api",
    "ACCESS_TOKEN_LIFETIME": ACCESS_TOKEN_LIFETIME,
    "REFRESH_TOKEN_LIFETIME": SESSION_IDLE_LIFETIME,
    "USER_ID_CLAIM": "sub",
    "UPDATE_LAST_LOGIN": False,
}

# Field encryption and blind indexes (`core/crypto.py`): newest key first, base64 of 32 bytes each, named by position.
FIELD_KEYS = env.names("FIELD_KEYS", local=("bG9jYWwtZmllbGQta2V5LW5ldmVyLWluLXByb2QhISE=",))
BLIND_INDEX_KEY = env.text(
    "BLIND_INDEX_KEY", local="local-blind-index-key-never-used-in-production"
)
