"""The wire shapes of accounts, version 1."""

from apps.accounts.api.v1.serializers.account import Me, MeChange, Session
from apps.accounts.api.v1.serializers.addresses import EmailChange, EmailConfirmation
from apps.accounts.api.v1.serializers.blocks import Block, BlockCreate, Person
from apps.accounts.api.v1.serializers.exports import DataExport
from apps.accounts.api.v1.serializers.keys import JWK, JWKSet
from apps.accounts.api.v1.serializers.leaving import AccountDeletion, Restoration
from apps.accounts.api.v1.serializers.passkeys import (
    Passkey,
    PasskeyAssertion,
    PasskeyChange,
    PasskeyCreate,
    PasskeyOptions,
)
from apps.accounts.api.v1.serializers.passwords import (
    PasswordChange,
    PasswordForgotten,
    PasswordReset,
)
from apps.accounts.api.v1.serializers.proof import FreshAccess, Reauthentication
from apps.accounts.api.v1.serializers.second_step import (
    MfaAnswer,
    MfaStatus,
    RecoveryCodes,
    TotpConfirmation,
    TotpEnrolment,
)
from apps.accounts.api.v1.serializers.signing_in import (
    AppleLogin,
    DeviceInfo,
    EmailVerification,
    GuestStart,
    GuestUpgrade,
    Login,
    LoginCode,
    LoginCodeRequest,
    Refresh,
    Registration,
    SignedIn,
    SocialLogin,
    User,
)

__all__ = [
    "JWK",
    "AccountDeletion",
    "AppleLogin",
    "Block",
    "BlockCreate",
    "DataExport",
    "DeviceInfo",
    "EmailChange",
    "EmailConfirmation",
    "EmailVerification",
    "FreshAccess",
    "GuestStart",
    "GuestUpgrade",
    "JWKSet",
    "Login",
    "LoginCode",
    "LoginCodeRequest",
    "Me",
    "MeChange",
    "MfaAnswer",
    "MfaStatus",
    "Passkey",
    "PasskeyAssertion",
    "PasskeyChange",
    "PasskeyCreate",
    "PasskeyOptions",
    "PasswordChange",
    "PasswordForgotten",
    "PasswordReset",
    "Person",
    "Reauthentication",
    "RecoveryCodes",
    "Refresh",
    "Registration",
    "Restoration",
    "Session",
    "SignedIn",
    "SocialLogin",
    "TotpConfirmation",
    "TotpEnrolment",
    "User",
]
