"""Each boot check, with a configuration that it refuses."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.checks import CheckMessage

from apps.core import checks
from tests.core.observability.dependencies import absent, frozen

type Check = Callable[[], list[CheckMessage]]

STRONG = "uB7cYk2Lq9VwZs4Hd8Rf3Xj6Tn1Gm5Pa0Ke"
OTHER = "Qe5Wr8Ty2Ui6Op1As9Df3Gh7Jk4Lz0Xc-vB"
THIRD = "mN6bV3cX9zL2kJ8hG5fD1sA7pO4iU0yT_rE"
FIELD_KEY = "c29tZS1maWVsZC1rZXktb2YtMzItYnl0ZXMtcmlnaHQ="


@pytest.fixture(autouse=True)
def _sound(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from settings that every check accepts."""
    settings.SECRET_KEY = STRONG
    settings.TOKEN_SIGNING_KEYS = [OTHER]
    settings.BLIND_INDEX_KEY = THIRD
    settings.FIELD_KEYS = [FIELD_KEY]
    settings.ALLOWED_HOSTS = ["api.example.test"]
    settings.PUBLIC_URL = "https://api.example.test"
    settings.STAFF_SECOND_STEP = True
    settings.CACHE_URL = "rediss://cache.example.test:6379/0"
    settings.CELERY_BROKER_URL = "rediss://broker.example.test:6379/0"
    database = settings.DATABASES["default"]
    monkeypatch.setitem(database, "HOST", "db.example.test")
    monkeypatch.setitem(database, "OPTIONS", {"sslmode": "verify-full"})


ALL = [
    checks.check_keys,
    checks.check_field_keys,
    checks.check_local_field_keys,
    checks.check_hosts,
    checks.check_redis_apart,
    checks.check_serializers,
    checks.check_production,
    checks.check_push,
    checks.check_tls,
]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_a_sound_configuration_is_accepted(check: Check) -> None:
    assert check() == []


LOCAL_FIELD_KEY = "bG9jYWwtZmllbGQta2V5LW5ldmVyLWluLXByb2QhISE="
PICKLE = {"default": {"BACKEND": "django_redis.cache.RedisCache", "OPTIONS": {}}}


@pytest.mark.parametrize(
    ("check", "id", "broken"),
    [
        (checks.check_keys, "core.E001", {"TOKEN_SIGNING_KEYS": ["short"]}),
        (checks.check_keys, "core.E001", {"SECRET_KEY": "ab" * 40}),
        (checks.check_keys, "core.E001", {"TOKEN_SIGNING_KEYS": [OTHER, "old-and-short"]}),
        (checks.check_keys, "core.E002", {"BLIND_INDEX_KEY": f"local-{THIRD}"}),
        (checks.check_keys, "core.E003", {"TOKEN_SIGNING_KEYS": [STRONG]}),
        (checks.check_keys, "core.E003", {"FIELD_KEYS": [THIRD]}),
        (checks.check_field_keys, "core.E004", {"FIELD_KEYS": []}),
        (checks.check_field_keys, "core.E004", {"FIELD_KEYS": [FIELD_KEY, "c2hvcnQ="]}),
        (checks.check_field_keys, "core.E004", {"FIELD_KEYS": ["not base64 at all!"]}),
        (checks.check_local_field_keys, "core.E002", {"FIELD_KEYS": [FIELD_KEY, LOCAL_FIELD_KEY]}),
        (checks.check_hosts, "core.E005", {"ALLOWED_HOSTS": ["api.example.test", "*"]}),
        (checks.check_hosts, "core.E005", {"ALLOWED_HOSTS": [".example.test"]}),
        (checks.check_redis_apart, "core.E006", {"CACHE_URL": "rediss://broker.example.test/5"}),
        (checks.check_serializers, "core.E007", {"CELERY_ACCEPT_CONTENT": ["json", "pickle"]}),
        (checks.check_serializers, "core.E007", {"CELERY_TASK_SERIALIZER": "yaml"}),
        (checks.check_serializers, "core.E007", {"CACHES": PICKLE}),
        (checks.check_production, "core.E008", {"DEBUG": True}),
        (checks.check_production, "core.E008", {"LOCAL": True}),
        (checks.check_production, "core.E008", {"STAFF_SECOND_STEP": False}),
        (checks.check_production, "core.E008", {"CELERY_TASK_ALWAYS_EAGER": True}),
        (checks.check_production, "core.E008", {"PUBLIC_URL": "http://api.example.test"}),
        (checks.check_push, "core.E009", {"PUSH_PROVIDERS": ["pigeon"]}),
        (checks.check_push, "core.E010", {"PUSH_PROVIDERS": ["fcm"], "FCM_CREDENTIALS": ""}),
        (checks.check_push, "core.E010", {"PUSH_PROVIDERS": ["fcm"], "FCM_CREDENTIALS": "{}"}),
        (checks.check_push, "core.E010", {"PUSH_PROVIDERS": ["fcm"], "FCM_CREDENTIALS": "[1]"}),
        (
            checks.check_push,
            "core.E010",
            {"PUSH_PROVIDERS": ["fcm"], "FCM_CREDENTIALS": "key.json"},
        ),
        (checks.check_push, "core.E009", {"PUSH_PROVIDERS": []}),
        (checks.check_push, "core.E010", {"PUSH_PROVIDERS": ["apns"], "APNS_KEY": "AuthKey.p8"}),
        (checks.check_tls, "core.W011", {"CACHE_URL": "redis://cache.example.test:6379/0"}),
        (checks.check_tls, "core.W011", {"CELERY_BROKER_URL": "redis://10.0.0.8:6379/0"}),
    ],
)
def test_an_unsound_configuration_is_refused_by_name(
    settings: Any, check: Check, id: str, broken: dict[str, Any]
) -> None:
    for name, value in broken.items():
        setattr(settings, name, value)

    (message,) = check()
    assert message.id == id
    for secret in (STRONG, OTHER, THIRD, FIELD_KEY, LOCAL_FIELD_KEY):
        assert secret not in f"{message.msg} {message.hint}"


@pytest.mark.parametrize("mode", [None, "prefer", "disable"])
def test_a_database_that_may_be_reached_in_the_clear_is_refused(settings: Any, mode: Any) -> None:
    settings.DATABASES["default"]["OPTIONS"].update(sslmode=mode)
    (message,) = checks.check_tls()
    assert message.id == "core.W011"


def test_stores_on_this_machine_need_no_tls(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:6379/0"
    settings.CELERY_BROKER_URL = "redis://localhost:6380/0"
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "127.0.0.1")
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {})
    assert checks.check_tls() == []


def test_two_names_of_this_machine_are_one_server(settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:6379/0"
    settings.CELERY_BROKER_URL = "redis://localhost/1"
    (message,) = checks.check_redis_apart()
    assert message.id == "core.E006"


class TestServiceAccount:
    @pytest.fixture
    def account(self) -> dict[str, str]:
        key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": "example",
            "client_email": "push@example.test",
            "token_uri": "https://oauth2.example.test/token",
            "private_key": key.decode(),
        }

    def test_as_google_hands_it_out_is_accepted(self, settings: Any, account: Any) -> None:
        settings.PUSH_PROVIDERS = ["fcm"]
        settings.FCM_CREDENTIALS = json.dumps(account)
        assert checks.check_push() == []

    @pytest.mark.parametrize("missing", ["project_id", "client_email", "token_uri", "private_key"])
    def test_with_a_part_missing_is_refused(
        self, settings: Any, account: Any, missing: str
    ) -> None:
        settings.PUSH_PROVIDERS = ["fcm"]
        settings.FCM_CREDENTIALS = json.dumps({**account, missing: ""})
        (message,) = checks.check_push()
        assert message.id == "core.E010"

    def test_whose_line_ends_were_escaped_twice_is_refused(
        self, settings: Any, account: Any
    ) -> None:
        settings.PUSH_PROVIDERS = ["fcm"]
        broken = {**account, "private_key": account["private_key"].replace("\n", "\\n")}
        settings.FCM_CREDENTIALS = json.dumps(broken)
        (message,) = checks.check_push()
        assert message.id == "core.E010"


class TestBroker:
    @pytest.fixture
    def server(self, settings: Any) -> Any:
        """The Redis that tests use, with its policy put back afterwards."""
        settings.CELERY_BROKER_URL = settings.REDIS_URL
        server = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
        policy: Any = server.config_get("maxmemory-policy")
        yield server
        server.config_set("maxmemory-policy", policy["maxmemory-policy"])

    def test_that_keeps_everything_is_accepted(self, server: redis.Redis) -> None:
        server.config_set("maxmemory-policy", "noeviction")
        assert checks.check_broker_keeps() == []

    @pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
    def test_that_throws_messages_away_is_refused(self, server: redis.Redis, policy: str) -> None:
        server.config_set("maxmemory-policy", policy)
        (message,) = checks.check_broker_keeps()
        assert message.id == "core.E012"
        assert policy in message.msg

    @pytest.mark.parametrize("failure", [absent, frozen])
    def test_that_is_away_keeps_nobody_from_starting(self, settings: Any, failure: Any) -> None:
        with failure() as address:
            settings.CELERY_BROKER_URL = f"redis://{address}/0"
            started = time.monotonic()
            (message,) = checks.check_broker_keeps()
        assert time.monotonic() - started < 5
        assert (message.id, message.is_serious()) == ("core.I012", False)


def test_ways_in_are_offered_whole(settings: Any) -> None:
    quiet = checks.check_ways_in()
    assert [message.id for message in quiet] == ["core.I015"] * 3

    settings.IDENTITY_PROVIDERS = {"apple": {"client_ids": ["app"]}}
    settings.PASSKEY_RP_ID = "app.example.test"
    assert {message.id for message in checks.check_ways_in()} == {
        *("core.I015", "core.W015", "core.W016"),
    }
