"""What the gate noted in Redis, written down in batches: when devices were last heard of, and who called what."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from apps.core import usage
from apps.devices.models import VersionCalls

_BATCH = 1_000
# One statement a batch. A device that was heard of later than Redis says (it registered meanwhile) keeps that.
_SEEN = """
UPDATE devices_device SET last_seen_at = seen.at
FROM unnest(%s::uuid[], %s::timestamptz[]) AS seen (session, at)
WHERE devices_device.session_id = seen.session AND devices_device.last_seen_at < seen.at
"""
# Redis may have lost its count and begun anew; what was added up before stays.
_COUNTED = """
INSERT INTO devices_versioncalls AS known (day, platform, app_version, route, calls, counted)
SELECT %s, counts.platform, counts.app_version, counts.route, counts.counted, counts.counted
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[]) AS counts (platform, app_version, route, counted)
ON CONFLICT (day, route, platform, app_version) DO UPDATE SET
  calls = known.calls + CASE WHEN EXCLUDED.counted < known.counted THEN EXCLUDED.counted
                             ELSE EXCLUDED.counted - known.counted END,
  counted = EXCLUDED.counted
"""
# Which of two clocks reads Redis and adds up: only one at a time, or the later reading could be written first.
_LOCK = 0x64657669636573
_KEPT = timedelta(days=400)


def write_down_last_seen() -> int:
    """Bring `last_seen_at` of devices up to date; return how many sessions were noted. Commits each batch.

    What Redis noted is forgotten there after it is written here: a crash in between writes it twice, which changes
    nothing. Raises CacheDown.
    """
    total = 0
    while noted := usage.sessions_seen(_BATCH):
        with connection.cursor() as cursor:
            moments = [datetime.fromtimestamp(at, UTC) for at in noted.values()]
            cursor.execute(_SEEN, [list(noted), moments])
        usage.forget_seen(noted)
        total += len(noted)
    return total


def write_down_calls() -> None:
    """Add up the requests of today and yesterday (UTC). May be repeated. Raises CacheDown."""
    today = timezone.now().date()
    for day in (today - timedelta(days=1), today):
        with transaction.atomic():
            _add_up(day)


def _add_up(day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        counts = usage.calls_on(day)
        if counts:
            columns = zip(*((*caller, calls) for caller, calls in counts.items()), strict=True)
            cursor.execute(_COUNTED, [day, *map(list, columns)])


def forget_old_calls() -> None:
    """Delete counts that nobody compares with any more. Commits."""
    VersionCalls.objects.filter(day__lt=timezone.now().date() - _KEPT).delete()
