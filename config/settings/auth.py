"""Identity: the user model, password hashing, tokens."""

from datetime import timedelta
from typing import Any

from config import env, project
from config.settings import timeouts

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
        "OPTIONS": {"user_attributes": ("email", "claimed_email", "display_name", "product")},
    },
]

# Sign access and refresh tokens: 50 random characters (HS256), or a pair (`manage.py new_signing_key`, EdDSA), whose
# public half `auth/jwks` publishes. Apart from SECRET_KEY, so that either can be rotated alone. Every token names its
# key, so nobody notices a rotation in this order, each step once all processes have taken the one before:
#   1. the new key joins TOKEN_SIGNING_KEY_FALLBACKS: it verifies everywhere before it signs anywhere
#   2. it becomes TOKEN_SIGNING_KEY, and the old key a fallback
#   3. when SESSION_IDLE_LIFETIME has passed, the old key goes
TOKEN_SIGNING_KEYS = [
    env.text("TOKEN_SIGNING_KEY", local="local-token-key-never-used-in-production-0123456789"),
    *env.names("TOKEN_SIGNING_KEY_FALLBACKS", default=[]),
]
# Staff sign in to the admin with a second step; on a developer's machine the password is enough.
STAFF_SECOND_STEP = True
# How old the proof of a person may be for what only they must do: deletion, export, address, second factor.
FRESH_PROOF_SECONDS = 300
# How far a device's clock may be off when it proves its key (`core/http/device_proof.py`).
DEVICE_PROOF_SECONDS = 120
# For so long a person who deleted their account may have it back; then it is erased.
DELETION_GRACE = timedelta(days=30)
# How long a sign-in to such an account is proof enough to restore it.
RESTORE_PROOF_SECONDS = 600
ACCESS_TOKEN_LIFETIME = timedelta(seconds=env.number("ACCESS_TOKEN_SECONDS", default=600))
SESSION_IDLE_LIFETIME = timedelta(days=30)
SESSION_ABSOLUTE_LIFETIME = timedelta(days=90)
# Live sessions of one account; one more ends the oldest.
SESSION_CAP = 20

# Read by simplejwt's token classes; keys and checks are ours (`accounts/tokens.py`).
SIMPLE_JWT = {
    "ALGORITHM": "HS256",
    "SIGNING_KEY": TOKEN_SIGNING_KEYS[0],
    "ISSUER": project.SLUG,
    "AUDIENCE": f"{project.SLUG}-api",
    "USER_ID_CLAIM": "sub",
    "TOKEN_TYPE_CLAIM": "typ",
    "UPDATE_LAST_LOGIN": False,
}

# One Argon2 hash takes about 100 MB and all of a core for a moment: so many at once per process, and how many
# seconds a request waits for its turn.
PASSWORD_HASHES_AT_ONCE = 1
# So many wait beside them, each in a thread of the web server; one thread is left for everything else.
PASSWORD_HASHES_WAITING = max(0, env.number("WEB_THREADS", default=4) - PASSWORD_HASHES_AT_ONCE - 1)
PASSWORD_HASH_WAIT = 3
# By how much hashing steps back behind requests for the processor: 0 not at all, 19 the most.
PASSWORD_HASH_NICENESS = 19

# A code sent by email.
EMAIL_CODE_LIFETIME = timedelta(minutes=10)
EMAIL_CODE_TRIES = 5

# How long a phone may take to come back with its second step or its passkey.
CHALLENGE_LIFETIME = timedelta(minutes=5)

# Field encryption and blind indexes (`core/crypto.py`): newest key first, base64 of 32 bytes each.
# To rotate: a new key joins at the end, so that all processes can read it before any writes it; then it comes first,
# and `manage.py rotate_keys` moves what is stored; when that says that nothing is left, the old key goes.
FIELD_KEYS = env.names("FIELD_KEYS", local=("bG9jYWwtZmllbGQta2V5LW5ldmVyLWluLXByb2QhISE=",))
BLIND_INDEX_KEY = env.text(
    "BLIND_INDEX_KEY", local="local-blind-index-key-never-used-in-production"
)

# Signing in with Apple and Google: our apps' ids there, each of which may be named by an ID token. None: not offered.
IDENTITY_TIMEOUTS = (timeouts.IDENTITY_CONNECT, timeouts.IDENTITY_READ)
_APPLE = env.text("APPLE_BASE_URL", default="https://appleid.apple.com")
IDENTITY_PROVIDERS: dict[str, dict[str, Any]] = {
    "apple": {
        "client_ids": env.names("APPLE_CLIENT_IDS", default=[]),
        "issuers": ["https://appleid.apple.com"],
        "keys_url": f"{_APPLE}/auth/keys",
        "hashes_nonce": True,
    },
    "google": {
        "client_ids": env.names("GOOGLE_CLIENT_IDS", default=[]),
        "issuers": ["https://accounts.google.com", "accounts.google.com"],
        "keys_url": env.text(
            "GOOGLE_CERTS_URL", default="https://www.googleapis.com/oauth2/v3/certs"
        ),
        "hashes_nonce": False,
    },
}
# Who we are at Apple, to exchange authorization codes and to revoke what they gave; the key is the .p8 file's text.
APPLE_SERVICE: dict[str, str] = {
    "base_url": _APPLE,
    "team_id": env.text("APPLE_TEAM_ID", default=""),
    "key_id": env.text("APPLE_KEY_ID", default=""),
    "private_key": env.text("APPLE_PRIVATE_KEY", default="").replace("\\n", "\n"),
}

# Passkeys (WebAuthn): the domain that they are made for, and which pages and apps may use them. An iOS app speaks for
# https://<domain>, an Android app for android:apk-key-hash:<hash of its signing certificate>. None: not offered.
PASSKEY_RP_ID = env.text("PASSKEY_RP_ID", default="")
PASSKEY_ORIGINS = env.names("PASSKEY_ORIGINS", default=[])
# One person's.
PASSKEY_CAP = 20
