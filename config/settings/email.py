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

# Which mail services report bounces and complaints at /api/webhooks/mail/<name>: "standard" is any that signs as
# Standard Webhooks do, in our words; "sendgrid" is Twilio's.
MAIL_WEBHOOKS = env.names("MAIL_WEBHOOKS", default=[])
# `whsec_` and base64 of 32 random bytes, the newest first; an older one stays until the sender has the new one.
MAIL_WEBHOOK_SECRETS = (
    env.names("MAIL_WEBHOOK_SECRETS")
    if "standard" in MAIL_WEBHOOKS
    else env.names("MAIL_WEBHOOK_SECRETS", default=[])
)
# The verification key that SendGrid shows beside "Signed Event Webhook".
SENDGRID_WEBHOOK_KEY = (
    env.text("SENDGRID_WEBHOOK_KEY")
    if "sendgrid" in MAIL_WEBHOOKS
    else env.text("SENDGRID_WEBHOOK_KEY", default="")
)

# Connections that one sender process may have with the mail server, each with one mail at a time.
MAIL_CONNECTIONS = env.number("MAIL_CONNECTIONS", default=4, local=4)
# Mails of notifications that one person gets in 24 hours; what protects their account is counted and not held back.
MAIL_DAILY_CAP = 20
