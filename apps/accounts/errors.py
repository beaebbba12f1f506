"""What accounts refuse, and why.

core.errors.DomainError
├── Unauthenticated
│   ├── KeyInvalid          no API key of ours, or not any more
│   ├── TokenInvalid        not a token of ours, or not of this kind
│   ├── TokenExpired        an access token past its time: refresh
│   ├── SessionRevoked      the session is over: sign in again
│   ├── InvalidCredentials  address and password don't belong together
│   ├── PasskeyInvalid      not a passkey of ours, or not this answer to this challenge
│   ├── IdTokenInvalid      not a token of that issuer, for us, now, with this nonce
│   └── MfaRequired         right so far; carries the challenge of the second step
├── Denied
│   ├── AccountDisabled     by staff
│   ├── AccountDeleted      by its owner, who may still want it back
│   ├── GuestAccount        for people who can come back: upgrade first
│   └── EmailUnverified     what others will see needs a proven address
├── Invalid
│   ├── PasskeyRefused      not this answer to this challenge
│   ├── CodeInvalid         not the code that was sent
│   ├── ProofMissing        only guests have nothing to show
│   ├── PasswordWrong       not the password of the account that asks
│   └── MfaCodeInvalid      no code of the app or the list, or spent
├── Gone
│   ├── CodeExpired         too old, used, or tried too often: ask for another
│   ├── RestoreExpired      too old, or there is nothing left to restore
│   └── ChallengeExpired    the same of a challenge: start over
├── Conflict
│   ├── GuestHasNoAddress   a guest becomes somebody first
│   ├── AlreadyVerified     there is nothing left to prove
│   ├── AddressTaken        another account proved the address first
│   ├── NoAddress           a code can't be sent to nowhere
│   ├── TooManyBlocks       nobody blocks this many
│   ├── MfaAlreadyOn        an authenticator app is confirmed
│   ├── MfaNotEnrolled      there is no seed to confirm
│   ├── PasskeyTaken        it is registered already
│   ├── TooManyPasskeys     nobody has this many devices
│   ├── AddressInUse        on the word of another issuer: sign in by a code first
│   ├── IdentityTaken       another account's: sign in to that one
│   ├── NotGuest            there is nothing to upgrade
│   └── MfaOff              recovery codes belong to a second step
├── Unavailable
│   └── ProviderUnavailable the issuer's keys can't be had
└── NotFound
    ├── PasskeyNotFound     absent and somebody else's alike
    ├── ProviderNotConfigured this product does not offer this way in
    ├── UserNotFound        absent and deleted alike
    ├── ExportNotFound      absent, expired and somebody else's alike
    └── SessionNotFound     absent, over and somebody else's alike
"""

from apps.core import errors


class KeyInvalid(errors.Unauthenticated):
    code = "key_invalid"
    title = "This API key can't be used."


class TokenInvalid(errors.Unauthenticated):
    code = "token_invalid"
    title = "This token can't be used here."


class TokenExpired(errors.Unauthenticated):
    code = "token_expired"
    title = "This access token has expired. Refresh it."


class SessionRevoked(errors.Unauthenticated):
    code = "session_revoked"
    title = "This session is over. Sign in again."


class InvalidCredentials(errors.Unauthenticated):
    code = "invalid_credentials"
    title = "The address or the password is wrong."


class PasskeyInvalid(errors.Unauthenticated):
    code = "passkey_invalid"
    title = "This passkey can't be used to sign in here."


class PasskeyRefused(errors.Invalid):
    code = "passkey_refused"
    title = "This passkey can't be registered."


class PasskeyTaken(errors.Conflict):
    code = "passkey_taken"
    title = "This passkey is registered already."


class TooManyPasskeys(errors.Conflict):
    code = "too_many_passkeys"
    title = "There are too many passkeys. Delete one first."


class PasskeyNotFound(errors.NotFound):
    code = "passkey_not_found"
    title = "There is no such passkey."


class IdTokenInvalid(errors.Unauthenticated):
    code = "id_token_invalid"
    title = "This ID token can't be used to sign in here."


class ProviderNotConfigured(errors.NotFound):
    code = "provider_not_configured"
    title = "This way to sign in is not offered here."


class ProviderUnavailable(errors.Unavailable):
    code = "provider_unavailable"
    title = "The issuer can't be asked for its keys right now."


class AddressInUse(errors.Conflict):
    code = "address_in_use"
    title = (
        "An account has this address. Sign in to it by a mailed code once, then come back this way."
    )


class IdentityTaken(errors.Conflict):
    code = "identity_taken"
    title = "Another account signs in this way. Nothing was changed in either."


class MfaRequired(errors.Unauthenticated):
    code = "mfa_required"
    title = "Send a code of the second step, with this challenge."


class AccountDisabled(errors.Denied):
    code = "account_disabled"
    title = "This account has been disabled."


class AccountDeleted(errors.Denied):
    """Carries `restore`, the proof with which its owner may have it back, and `purged_after`, until when."""

    code = "account_deleted"
    title = "This account is being deleted. Restore it, or let it go."


class GuestAccount(errors.Denied):
    code = "guest_account"
    title = "A guest has no way to come back. Upgrade the account first."


class EmailUnverified(errors.Denied):
    code = "email_unverified"
    title = "Verify your email address first."


class CodeInvalid(errors.Invalid):
    code = "code_invalid"
    title = "This is not the code that was sent."


class PasswordWrong(errors.Invalid):
    code = "password_wrong"
    title = "This is not the password of this account."


class ProofMissing(errors.Invalid):
    code = "proof_missing"
    title = "Send your password or a code that was mailed to you."


class MfaCodeInvalid(errors.Invalid):
    code = "mfa_code_invalid"
    title = "This code is wrong or was used before."


class CodeExpired(errors.Gone):
    code = "code_expired"
    title = "This code can't be used any more. Ask for another."


class RestoreExpired(errors.Gone):
    code = "restore_expired"
    title = "This can't be restored any more with this proof. Sign in again."


class ChallengeExpired(errors.Gone):
    code = "challenge_expired"
    title = "This challenge can't be answered any more. Start over."


class AlreadyVerified(errors.Conflict):
    code = "already_verified"
    title = "The address of this account is proven already."


class AddressTaken(errors.Conflict):
    code = "address_taken"
    title = "Another account has proven this address."


class GuestHasNoAddress(errors.Conflict):
    code = "guest_has_no_address"
    title = "Turn the guest account into a full one first."


class NoAddress(errors.Conflict):
    code = "no_address"
    title = "This account has no email address."


class TooManyBlocks(errors.Conflict):
    code = "too_many_blocks"
    title = "This account has blocked as many people as it can."


class UserNotFound(errors.NotFound):
    code = "user_not_found"
    title = "There is no such person."


class SessionNotFound(errors.NotFound):
    code = "session_not_found"
    title = "There is no such session."


class ExportNotFound(errors.NotFound):
    code = "export_not_found"
    title = "There is no such export."


class NotGuest(errors.Conflict):
    code = "not_a_guest"
    title = "This account is no guest's."


class MfaAlreadyOn(errors.Conflict):
    code = "mfa_already_on"
    title = "An authenticator app is set up already. Turn it off first."


class MfaNotEnrolled(errors.Conflict):
    code = "mfa_not_enrolled"
    title = "Ask for the seed of an authenticator app first."


class MfaOff(errors.Conflict):
    code = "mfa_off"
    title = "The second step is not turned on."
