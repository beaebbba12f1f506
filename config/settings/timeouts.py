"""How long anything waits for anything: one table, in seconds, read by the files that build the clients.

A phone gives up after about 30 s, the web server after `REQUEST`; everything below it must fail first, so that the
answer is a problem document and not a cut connection.
"""

REQUEST = 30

DATABASE_CONNECT = 3
DATABASE_STATEMENT = 8
DATABASE_LOCK = 3
# A frozen process may hold an idempotency lock for this long at most (reliability C2).
DATABASE_IDLE_IN_TRANSACTION = 15
# How soon Postgres notices that a client died in the middle of a query (reliability M21).
DATABASE_CLIENT_CHECK = 0.5
DATABASE_POOL_WAIT = 3

CACHE_CONNECT = 0.25
CACHE_READ = 0.25
# After a failure the cache is left alone for this long, so that a hung Redis costs one wait and not one per request.
CACHE_BREAKER = 2

BROKER_CONNECT = 1
BROKER_READ = 2

PUSH_CONNECT = 3
PUSH_READ = 10

IDENTITY_CONNECT = 2
IDENTITY_READ = 3

EMAIL = 10

# Of the file store: one answer, or the next bytes of one.
STORAGE_CONNECT = 2
STORAGE_READ = 8

# A phone that takes nothing of its stream for so long is let go.
STREAM_SEND = 10.0
