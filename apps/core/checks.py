"""Boot checks: configurations that would work by accident until the day they do not."""

import base64
import binascii
import json
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

import redis
import structlog
from celery.signals import beat_init, worker_init
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

logger = structlog.get_logger(__name__)

# HS256 wants a key as long as its digest (RFC 7518 §3.2); a repeated character is no key.
_KEY_CHARACTERS = 32
_DIFFERENT_CHARACTERS = 10
_FIELD_KEY_BYTES = 32
# How the defaults of a developer's machine begin.
_LOCAL = "local-"

_PUSH_PROVIDERS = {"console", "fcm", "apns", "expo"}
_TLS_MODES = ("require", "verify-ca", "verify-full")
_THIS_MACHINE = ("", "127.0.0.1", "::1", "localhost")


@register(Tags.security, deploy=True)
def check_keys(**_: Any) -> list[CheckMessage]:
    """Signing keys are long, of our own, and one per purpose."""
    keys = {"SECRET_KEY": settings.SECRET_KEY, "BLIND_INDEX_KEY": settings.BLIND_INDEX_KEY}
    for position, key in enumerate(settings.TOKEN_SIGNING_KEYS):
        keys[f"TOKEN_SIGNING_KEYS[{position}]"] = key
    found: list[CheckMessage] = []
    for name, key in keys.items():
        if len(key) < _KEY_CHARACTERS or len(set(key)) < _DIFFERENT_CHARACTERS:
            found.append(
                Error(f"{name} is too weak.", hint="Use 50 random characters.", id="core.E001")
            )
        if key.startswith(_LOCAL):
            found.append(Error(f"{name} is the default of developers' machines.", id="core.E002"))
    if len({*keys.values(), *settings.FIELD_KEYS}) < len(keys) + len(settings.FIELD_KEYS):
        found.append(
            Error(
                "A key serves two purposes.",
                hint="Either could not be rotated alone.",
                id="core.E003",
            )
        )
    return found


@register(Tags.security)
def check_signing_pairs(**_: Any) -> list[CheckMessage]:
    """Every pair of the ring that signs tokens is base64 of 32 bytes."""
    prefix = "ed25519:"
    return [
        Error(f"TOKEN_SIGNING_KEYS[{position}] is no Ed25519 seed.", id="core.E004")
        for position, key in enumerate(settings.TOKEN_SIGNING_KEYS)
        if key.startswith(prefix) and len(_decoded(key.removeprefix(prefix))) != _FIELD_KEY_BYTES
    ]


@register(Tags.security)
def check_field_keys(**_: Any) -> list[CheckMessage]:
    """Every key of the encryption ring is base64 of 32 bytes."""
    if not settings.FIELD_KEYS:
        return [Error("FIELD_KEYS is empty.", id="core.E004")]
    return [
        Error(f"FIELD_KEYS[{position}] is not base64 of 32 bytes.", id="core.E004")
        for position, encoded in enumerate(settings.FIELD_KEYS)
        if len(_decoded(encoded)) != _FIELD_KEY_BYTES
    ]


@register(Tags.security, deploy=True)
def check_local_field_keys(**_: Any) -> list[CheckMessage]:
    """No key of the ring is the default of developers' machines."""
    return [
        Error(f"FIELD_KEYS[{position}] is the default of developers' machines.", id="core.E002")
        for position, encoded in enumerate(settings.FIELD_KEYS)
        if _decoded(encoded).startswith(_LOCAL.encode())
    ]


@register(Tags.security, deploy=True)
def check_hosts(**_: Any) -> list[CheckMessage]:
    """Every host is named in full."""
    if any(host.startswith(("*", ".")) for host in settings.ALLOWED_HOSTS):
        return [Error("ALLOWED_HOSTS has a wildcard.", id="core.E005")]
    return []


@register(Tags.security, deploy=True)
def check_redis_apart(**_: Any) -> list[CheckMessage]:
    """Cache and broker are two servers: one must evict, the other must not."""
    if _server(settings.CACHE_URL) == _server(settings.CELERY_BROKER_URL):
        hint = "Eviction is a property of the server; a database number does not separate it."
        return [Error("CACHE_URL and BROKER_URL are one Redis server.", hint=hint, id="core.E006")]
    return []


@register(Tags.security)
def check_serializers(**_: Any) -> list[CheckMessage]:
    """Nothing that comes out of Redis is unpickled: whoever writes there could run code here."""
    celery = {settings.CELERY_TASK_SERIALIZER, settings.CELERY_RESULT_SERIALIZER}
    if celery | set(settings.CELERY_ACCEPT_CONTENT) != {"json"}:
        return [Error("Celery reads something else than JSON.", id="core.E007")]
    return [
        Error(f"The cache {name!r} reads something else than JSON.", id="core.E007")
        for name, cache in cast("dict[str, dict[str, Any]]", settings.CACHES).items()
        if "redis" in cache["BACKEND"].lower()
        and "JSON" not in str(cache.get("OPTIONS", {}).get("SERIALIZER"))
    ]


@register(Tags.security, deploy=True)
def check_production(**_: Any) -> list[CheckMessage]:
    """No comfort of a developer's machine is left on."""
    comforts = ("DEBUG", "LOCAL", "CELERY_TASK_ALWAYS_EAGER")
    found: list[CheckMessage] = [
        Error(f"{name} is on.", id="core.E008")
        for name in comforts
        if getattr(settings, name, False)
    ]
    if not settings.STAFF_SECOND_STEP:
        found.append(Error("STAFF_SECOND_STEP is off.", id="core.E008"))
    if not settings.PUBLIC_URL.startswith("https://"):
        found.append(Error("PUBLIC_URL is not https.", id="core.E008"))
    return found


@register(Tags.security)
def check_push(**_: Any) -> list[CheckMessage]:
    """The push providers exist and have what they need to sign in."""
    named = set(settings.PUSH_PROVIDERS)
    found: list[CheckMessage] = []
    if not named or not named <= _PUSH_PROVIDERS:
        known = ", ".join(sorted(_PUSH_PROVIDERS))
        found.append(Error(f"PUSH_PROVIDERS names others than {known}.", id="core.E009"))
    if "fcm" in named and not _is_service_account(settings.FCM_CREDENTIALS):
        hint = "Paste the service account's JSON file as one line."
        found.append(Error("FCM_CREDENTIALS can't be used.", hint=hint, id="core.E010"))
    parts = (settings.APNS_KEY_ID, settings.APNS_TEAM_ID, settings.APNS_TOPIC)
    if "apns" in named and not (all(parts) and _is_private_key(settings.APNS_KEY)):
        hint = "Paste the .p8 file with its line ends as \\n, and name key, team and bundle id."
        found.append(Error("The APNS_ settings can't be used.", hint=hint, id="core.E010"))
    return found


@register(Tags.security, deploy=True)
def check_ways_in(**_: Any) -> list[CheckMessage]:
    """What is offered for signing in is offered whole; what is not offered is said."""
    providers = settings.IDENTITY_PROVIDERS
    offered = {name: bool(one["client_ids"]) for name, one in providers.items()}
    offered["passkeys"] = bool(settings.PASSKEY_RP_ID and settings.PASSKEY_ORIGINS)
    found: list[CheckMessage] = [
        checks.Info(f"Signing in by {name} is not offered.", id="core.I015")
        for name, is_offered in offered.items()
        if not is_offered
    ]
    if offered["apple"] and not all(settings.APPLE_SERVICE.values()):
        hint = "Set APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY; the App Store asks for it."
        found.append(
            checks.Warning(
                "Apple's tokens can't be revoked when an account is deleted.",
                hint=hint,
                id="core.W015",
            )
        )
    if bool(settings.PASSKEY_RP_ID) != bool(settings.PASSKEY_ORIGINS):
        found.append(
            checks.Warning("PASSKEY_RP_ID and PASSKEY_ORIGINS go together.", id="core.W016")
        )
    return found


@register(Tags.security, deploy=True)
def check_tls(**_: Any) -> list[CheckMessage]:
    """What leaves the machine for a store is encrypted."""
    found: list[CheckMessage] = []
    for name, url in (
        ("CACHE_URL", settings.CACHE_URL),
        ("BROKER_URL", settings.CELERY_BROKER_URL),
    ):
        parts = urlsplit(url)
        if parts.scheme == "redis" and parts.hostname not in _THIS_MACHINE:
            found.append(
                checks.Warning(f"{name} is not TLS.", hint="Use rediss://.", id="core.W011")
            )
    database = settings.DATABASES["default"]
    elsewhere = database.get("HOST", "") not in _THIS_MACHINE
    if elsewhere and database["OPTIONS"].get("sslmode") not in _TLS_MODES:
        hint = "Add ?sslmode=verify-full."
        found.append(
            checks.Warning("DATABASE_URL does not insist on TLS.", hint=hint, id="core.W011")
        )
    return found


@register(Tags.security, deploy=True)
def check_broker_keeps(**_: Any) -> list[CheckMessage]:
    """The broker refuses what it has no room for instead of throwing away what it holds."""
    try:
        # Not CONFIG GET, which hosted servers refuse.
        memory: Any = broker_client(settings.CELERY_BROKER_URL).info("memory")
    except (redis.RedisError, ValueError):
        # Starting must not depend on Redis.
        return [checks.Info("The broker did not tell its maxmemory-policy.", id="core.I012")]
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        hint = "Set maxmemory-policy noeviction on that server."
        return [Error(f"The broker's maxmemory-policy is {policy}.", hint=hint, id="core.E012")]
    return []


@lru_cache(maxsize=1)
def broker_client(url: str) -> redis.Redis:
    """Return a client of the broker that gives up soon; connections are made on first use."""
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=options["socket_connect_timeout"],
        socket_timeout=options["socket_timeout"],
        retry=None,
        decode_responses=True,
    )


@worker_init.connect(weak=False)
@beat_init.connect(weak=False)
def _report_broker(**_: Any) -> None:
    for message in check_broker_keeps():
        logger.log(message.level, message.msg, hint=message.hint, check=message.id)


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _server(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    return ("localhost" if host in _THIS_MACHINE else host, parts.port or 6379)


def _is_private_key(pem: str) -> bool:
    try:
        load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        return False
    return True


def _is_service_account(credentials: str) -> bool:
    try:
        account = json.loads(credentials)
        load_pem_private_key(account["private_key"].encode(), password=None)
        return bool(account["client_email"] and account["project_id"] and account["token_uri"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
