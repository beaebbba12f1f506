"""What the cache knows of sessions: the leaf that was last seen to be good, or that the session is over.

The gate compares access tokens with it, so that a request costs no query. Postgres decides; what is kept here is never
better than what a query said a moment ago, and `REVOKED` is never overwritten by a slower request that saw the session
alive.
"""

import uuid
from collections.abc import Buffer

from apps.accounts.tokens import digest_of
from apps.core import cache
from apps.core.http.leases import leases

_REMEMBER = """
if redis.call('GET', KEYS[1]) == ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
return 1
"""


def remember(
    session_id: uuid.UUID, leaf_hash: Buffer, *, seconds: int = cache.SESSION_SECONDS
) -> None:
    """Let access tokens of this leaf pass without a query for an hour; raises CacheDown."""
    cache.run(
        _REMEMBER,
        [cache.session_key(session_id)],
        [digest_of(leaf_hash), cache.REVOKED, seconds],
    )


def publish(session_id: uuid.UUID) -> None:
    """Tell every web process that a session is over, this one first; raises CacheDown.

    Kept for longer than any access token lives and any leaf is remembered.
    """
    key = cache.session_key(session_id)
    leases.forget(key)
    cache.call(lambda server: server.set(key, cache.REVOKED, ex=cache.SESSION_SECONDS))
