"""What the request's headers and its connection say about the caller, read once."""

import ipaddress
import re
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from apps.core.clients import PLATFORMS, Client, current

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+_-]{0,39}", re.ASCII)
_DEVICE = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)
# Phones name the language of their screen first.
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}(?=[,;\s]|$)", re.ASCII)


def client_of(request: Any) -> Client:
    """Return what the client headers say; what can't be understood is left empty."""
    # REST framework's request wraps the one that the edge knows as well.
    received = getattr(request, "_request", request)
    known = getattr(received, "_client", None)
    if known is None:
        meta = received.META
        # No more of each than could be understood: the answers are remembered.
        known = received._client = _understood(
            meta.get("HTTP_X_CLIENT_PLATFORM", "")[:16],
            meta.get("HTTP_X_CLIENT_VERSION", "")[:48],
            meta.get("HTTP_X_DEVICE_ID", "")[:72],
            meta.get("HTTP_ACCEPT_LANGUAGE", "")[:48],
        )
        current.set(known)
    return known


@lru_cache(4096)
def _understood(platform: str, version: str, device: str, languages: str) -> Client:
    platform, version, device = platform.strip().lower(), version.strip(), device.strip()
    locale = _LOCALE.match(languages.strip())
    return Client(
        platform=platform if platform in PLATFORMS else "",
        version=version if _VERSION.fullmatch(version) else "",
        device_id=device.lower() if _DEVICE.fullmatch(device) else "",
        locale=locale[0].lower() if locale else "",
    )


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
