"""Where accounts are found, version 1."""

from django.urls import path

from apps.accounts.api.v1.views import (
    account,
    addresses,
    blocks,
    exports,
    guests,
    keys,
    leaving,
    passkeys,
    passwords,
    proof,
    registration,
    second_step,
    signing_in,
    social,
)

urlpatterns = [
    path("auth/register", registration.Register.as_view(), name="auth-register"),
    path("auth/verify-email", registration.VerifyEmail.as_view(), name="auth-verify-email"),
    path("auth/verify-email/resend", registration.ResendCode.as_view(), name="auth-resend-code"),
    path("auth/login", signing_in.Login.as_view(), name="auth-login"),
    path("auth/login/code", signing_in.LoginByCode.as_view(), name="auth-login-code"),
    path(
        "auth/login/code/confirm",
        signing_in.LoginByCodeConfirm.as_view(),
        name="auth-login-code-confirm",
    ),
    path("auth/guest", guests.Guest.as_view(), name="auth-guest"),
    path("auth/guest/upgrade", guests.GuestUpgrade.as_view(), name="auth-guest-upgrade"),
    path("auth/social/apple", social.Apple.as_view(), name="auth-social-apple"),
    path("auth/social/google", social.Google.as_view(), name="auth-social-google"),
    path(
        "auth/passkeys/options", passkeys.PasskeyLoginOptions.as_view(), name="auth-passkey-options"
    ),
    path("auth/passkeys/verify", passkeys.PasskeyLogin.as_view(), name="auth-passkey-verify"),
    path("auth/refresh", signing_in.Refresh.as_view(), name="auth-refresh"),
    path("auth/jwks", keys.PublicKeys.as_view(), name="auth-jwks"),
    path("auth/logout", signing_in.Logout.as_view(), name="auth-logout"),
    path("auth/password/forgot", passwords.ForgotPassword.as_view(), name="password-forgot"),
    path("auth/password/reset", passwords.ResetPassword.as_view(), name="password-reset"),
    path("auth/mfa/challenge", second_step.MfaChallenge.as_view(), name="auth-mfa-challenge"),
    path("me", account.Me.as_view(), name="me"),
    path("me/export", exports.ExportRequest.as_view(), name="export-request"),
    path("me/export/<uuid:id>", exports.ExportDetail.as_view(), name="export-detail"),
    path("me/restore", leaving.Restore.as_view(), name="me-restore"),
    path("me/blocks", blocks.BlockList.as_view(), name="block-list"),
    path("me/blocks/<uuid:user_id>", blocks.BlockDetail.as_view(), name="block-detail"),
    path("me/email", addresses.EmailChange.as_view(), name="email-change"),
    path("me/email/confirm", addresses.EmailConfirmation.as_view(), name="email-confirm"),
    path("me/password", passwords.Password.as_view(), name="password"),
    path("me/reauthenticate", proof.Reauthenticate.as_view(), name="reauthenticate"),
    path(
        "me/reauthenticate/code", proof.ReauthenticationCode.as_view(), name="reauthenticate-code"
    ),
    path("me/mfa/totp", second_step.Totp.as_view(), name="totp"),
    path("me/mfa/totp/confirm", second_step.TotpConfirm.as_view(), name="totp-confirm"),
    path("me/mfa/recovery-codes", second_step.RecoveryCodes.as_view(), name="recovery-codes"),
    path("me/passkeys", passkeys.PasskeyList.as_view(), name="passkey-list"),
    path("me/passkeys/options", passkeys.PasskeyOptions.as_view(), name="passkey-options"),
    path("me/passkeys/<uuid:id>", passkeys.PasskeyDetail.as_view(), name="passkey-detail"),
    path("me/sessions", account.SessionList.as_view(), name="session-list"),
    path("me/sessions/<uuid:id>", account.SessionDetail.as_view(), name="session-detail"),
]
