"""Mail: SMTP in production, files under .local/mail on a developer's machine."""

from datetime import timedelta

from config import env, project
from config.settings import timeouts

DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", local=f"{project.NAME} <hello@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": env.text("SMTP_HOST", local="127.0.0.1"),
            "port": env.number("SMTP_PORT", default=587),
            "username": env.text("SMTP_USER", default=""),
            "password": env.text("SMTP_PASSWORD", default=""),
            "use_tls": env.flag("SMTP_TLS", default=True),
            "timeout": timeouts.EMAIL,
        },
    }
}

# For so long nothing at all is mailed to an address that has bounced; then codes and account notices try again.
ACCOUNT_MAIL_HOLD = timedelta(days=1)
