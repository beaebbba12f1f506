"""Hosts, TLS, headers."""

from django.utils.csp import CSP

from config import env

SECRET_KEY = env.text(
    "SECRET_KEY", local="local-secret-key-never-used-in-production-0123456789abcdefghijk"
)
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
# True on a developer's machine only: mail page, demo sign-ins.
LOCAL = False
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", local=("127.0.0.1", "localhost", "[::1]"))
PUBLIC_URL = env.url("PUBLIC_URL", "http", "https", local="http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL.startswith("https://") else []

# How many proxies in front of us append to X-Forwarded-For; 0 means that the header is not believed at all.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", default=0)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 30 * 60
SESSION_SAVE_EVERY_REQUEST = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"

# For pages that people see (admin, docs, start page). API answers carry a stricter one (`core/http/middleware.py`).
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
