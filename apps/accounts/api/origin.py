"""Where a request comes from, as a session keeps it: what the phone says of itself, else what its headers say."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request

from apps.accounts.services.sessions import Origin
from apps.core.http.client import address_of, client_of
from apps.core.http.device_proof import thumbprint

# Enough to say "somewhere near Vienna" later, too little to find a household.
_PREFIX_LENGTH = {4: 24, 6: 48}


def origin_of(request: Request, device: Mapping[str, Any] | None = None) -> Origin:
    client = client_of(request)
    told = device or {}
    key = told.get("public_key")
    return Origin(
        installation_id=told.get("installation_id", client.device_id),
        platform=told.get("platform", client.platform),
        app_version=told.get("app_version", client.version),
        os_version=told.get("os_version", ""),
        device_model=told.get("model", ""),
        ip_prefix=_prefix_of(address_of(request)),
        device_key=thumbprint(key) if key else "",
        device=device,
    )


def _prefix_of(address: str) -> str:
    try:
        length = _PREFIX_LENGTH[ipaddress.ip_address(address).version]
    except ValueError:
        return ""
    return str(ipaddress.ip_network((address, length), strict=False))
