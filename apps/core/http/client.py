"""What the request's headers and its connection say about the caller, read once."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from apps.core.clients import PLATFORMS, Client

_VERSION = re.compile(r"[0-9A-Za-z.+_-]{1,40}", re.ASCII)
_DEVICE = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


def client_of(request: Any) -> Client:
    """Return what the client headers say; what can't be understood is left empty."""
    known = getattr(request, "_client", None)
    if known is None:
        sent = request.META
        platform = sent.get("HTTP_X_CLIENT_PLATFORM", "").strip().lower()
        version = sent.get("HTTP_X_CLIENT_VERSION", "").strip()
        device = sent.get("HTTP_X_DEVICE_ID", "").strip()
        known = request._client = Client(
            platform=platform if platform in PLATFORMS else "",
            version=version if _VERSION.fullmatch(version) and version[0].isdigit() else "",
            device_id=device.lower() if _DEVICE.fullmatch(device) else "",
        )
    return known


def route_of(request: Any) -> str:
    """Return the template of the route, `api/v1/posts/<uuid:id>`; it names no row and no person."""
    return request.resolver_match.route if request.resolver_match else "unmatched"


def address_of(request: HttpRequest) -> str:
    """Return the caller's network address, an IPv6 one as its /64.

    Only as many entries of X-Forwarded-For are believed, from the right, as proxies of ours append to it.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [
            hop.strip()
            for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
            if hop.strip()
        ]
        if hops:
            address = hops[-min(settings.TRUSTED_PROXIES, len(hops))]
    return _network(address)


@lru_cache(4_096)
def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
