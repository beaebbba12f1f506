"""What apps are told about themselves: flags, values, versions, maintenance; answered from this process's copies."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, ExpressionWrapper, F, OuterRef

from apps.accounts.models import User
from apps.core import clients, flags
from apps.core.actors import Actor
from apps.core.cache import ProcessCopy
from apps.core.clients import Client, in_language, is_below
from apps.core.flags import Context, Evaluation, Ruleset
from apps.devices.models import ConfigEntry, Flag, MaintenanceNotice, VersionPolicy

# Answers that one process keeps; there are as many as there are combinations of flags, platforms and languages.
_MOST_ANSWERS = 1_024


@dataclass(frozen=True, slots=True)
class Release:
    """Which versions of the app are served where it runs."""

    minimum: str
    recommended: str
    latest: str
    store_url: str
    message: str
    update_recommended: bool


@dataclass(frozen=True, slots=True)
class Maintenance:
    starts_at: datetime
    ends_at: datetime | None
    message: str


@dataclass(frozen=True, slots=True)
class Polling:
    """Seconds until the app asks again, and how many more at most, by chance."""

    interval: int
    jitter: int


@dataclass(frozen=True, slots=True, eq=False)
class AppConfig:
    """All that an app is told. Whoever is told the same is given the same object."""

    config: Mapping[str, Any]
    flags: Mapping[str, bool]
    version: Release | None
    maintenance: Maintenance | None
    polling: Polling


@dataclass(frozen=True, slots=True)
class Entry:
    """A value, and others in its place where a flag is on."""

    value: Any
    overrides: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A time of maintenance; it is told until it is over."""

    platform: str
    starts_at: datetime
    ends_at: datetime | None
    messages: Mapping[str, str]

    def is_for(self, client: Client, now: float) -> bool:
        if self.platform and self.platform != client.platform:
            return False
        return self.ends_at is None or self.ends_at.timestamp() > now

    def told_in(self, locale: str) -> Maintenance:
        return Maintenance(self.starts_at, self.ends_at, in_language(self.messages, locale))


def flag_rules() -> Ruleset:
    """Return the rules of all flags; one query."""
    through: Any = User.groups.through
    named = ExpressionWrapper(OuterRef("groups"), output_field=ArrayField(CharField()))
    people = through.objects.alias(named=named).filter(named__contains=[F("group__name")])
    found = Flag.objects.annotate(people=ArraySubquery(people.values("user_id"))).order_by("key")
    return Ruleset(rules_of(flag, flag.people) for flag in found)


def rules_of(flag: Flag, people: Sequence[Any]) -> flags.Flag:
    """Return a row's rules; `people` are in its groups."""
    return flags.Flag(
        key=flag.key,
        enabled=flag.enabled,
        platforms=frozenset(flag.platforms),
        minimum_version=flag.minimum_version,
        below_version=flag.below_version,
        locales=frozenset(flag.locales),
        members=frozenset(people) if flag.groups else None,
        share=round(flag.percentage * 100),
        allowed=frozenset(flag.allowed),
        is_exposed=flag.is_exposed,
    )


def version_policies() -> Mapping[str, clients.VersionPolicy]:
    """Return what staff decided about versions, by platform; one query."""
    return {
        policy.platform: clients.VersionPolicy(
            minimum=policy.minimum,
            recommended=policy.recommended,
            latest=policy.latest,
            store_url=policy.store_url,
            messages={"": policy.message, **policy.translations},
            next_minimum=policy.next_minimum,
            next_share=round(policy.next_minimum_percentage * 100),
        )
        for policy in VersionPolicy.objects.all()
    }


def config_entries() -> Mapping[str, Entry]:
    """Return all values by key; one query."""
    return {
        entry.key: Entry(
            entry.value, tuple((other["flag"], other["value"]) for other in entry.overrides)
        )
        for entry in ConfigEntry.objects.order_by("key")
    }


def maintenance_notices() -> tuple[Notice, ...]:
    """Return what is ahead; one query."""
    return tuple(
        Notice(
            notice.platform,
            notice.starts_at,
            notice.ends_at,
            {"": notice.message, **notice.translations},
        )
        for notice in MaintenanceNotice.objects.all().ahead()
    )


_entries: ProcessCopy[Mapping[str, Entry]] = ProcessCopy(config_entries)
_notices: ProcessCopy[tuple[Notice, ...]] = ProcessCopy(maintenance_notices)

type _Parts = tuple[
    Ruleset, Mapping[str, Entry], Mapping[str, clients.VersionPolicy], tuple[Notice, ...]
]


class _Book:
    """Every answer that was asked for, made from one state of the rules."""

    def __init__(self, parts: _Parts) -> None:
        self.parts = parts
        self._rules, self._entries, self._policies, self._notices = parts
        self._answers: dict[tuple[Any, ...], AppConfig] = {}
        texts = [policy.messages for policy in self._policies.values()]
        self._speaks = any(len(one) > 1 for one in [*texts, *(n.messages for n in self._notices)])

    def answer(self, client: Client, actor: Actor) -> AppConfig:
        bits = self._rules.bits(Context(client, actor.id))
        policy = self._policies.get(client.platform)
        minimum = policy.minimum_for(client) if policy else ""
        is_old = policy is not None and is_below(client.version, policy.recommended)
        notice = self._notice_for(client) if self._notices else None
        locale = client.locale if self._speaks else ""
        key = (bits, client.platform, minimum, is_old, notice and id(notice), locale)
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _MOST_ANSWERS:
                self._answers.clear()
            release = _release(policy, minimum, locale, is_old) if policy else None
            found = self._answers[key] = self._made(bits, release, notice, locale)
        return found

    def _notice_for(self, client: Client) -> Notice | None:
        now = time.time()
        return next((notice for notice in self._notices if notice.is_for(client, now)), None)

    def _made(
        self, bits: int, release: Release | None, notice: Notice | None, locale: str
    ) -> AppConfig:
        known = self._rules.flags.values()
        on = {flag.key for place, flag in enumerate(known) if bits >> place & 1}
        values = {
            key: next((value for flag, value in entry.overrides if flag in on), entry.value)
            for key, entry in self._entries.items()
        }
        return AppConfig(
            config=values,
            flags={flag.key: flag.key in on for flag in known if flag.is_exposed},
            version=release,
            maintenance=notice.told_in(locale) if notice else None,
            polling=Polling(*settings.APP_CONFIG_POLLING),
        )


def _release(
    policy: clients.VersionPolicy, minimum: str, locale: str, update_recommended: bool
) -> Release:
    return Release(
        minimum=minimum,
        recommended=policy.recommended,
        latest=policy.latest,
        store_url=policy.store_url,
        message=in_language(policy.messages, locale),
        update_recommended=update_recommended,
    )


_book: _Book | None = None


def app_config(client: Client, actor: Actor) -> AppConfig:
    """Return what the app is told; no query while this process's copies are current."""
    global _book
    parts = (
        flags.rules.get(),
        _entries.get(),
        clients.version_policies.get(),
        _notices.get(),
    )
    book = _book
    if book is None or book.parts != parts:
        book = _book = _Book(parts)
    return book.answer(client, actor)


def explained(client: Client, actor: Actor) -> dict[str, Evaluation]:
    """Return what each flag is for a client, and why; those that apps are not told as well."""
    context = Context(client, actor.id)
    return {key: flag.evaluate(context) for key, flag in flags.rules.get().flags.items()}
