"""What devices may refuse with.

NotFound
└── DeviceNotFound         device_not_found
Invalid
└── InstallationIdInvalid  installation_id_invalid
Conflict
└── PushAddressOutdated    push_address_outdated
"""

from apps.core import errors


class DeviceNotFound(errors.NotFound):
    code = "device_not_found"
    title = "You hold no such device."


class InstallationIdInvalid(errors.Invalid):
    code = "installation_id_invalid"
    title = "An installation id is 1 to 64 letters, digits, dots, hyphens and underscores."


class PushAddressOutdated(errors.Conflict):
    code = "push_address_outdated"
    title = "A push address that was registered later is known already."
