"""Event streams: how many there may be, and how they are kept open."""

from config import env
from config.settings import timeouts

ASGI_APPLICATION = "config.asgi.application"
# Where the stream server listens: as the web server does, each in a container of its own.
STREAM_BIND = env.text("BIND", default=f"127.0.0.1:{env.number('PORT', default=8000)}")

# Open streams of one process: a phone costs it some 20 kB.
STREAMS_MOST = env.number("STREAMS_MOST", default=5_000)
# Of one person at all servers together. A session that opens more than its own share closes the oldest of them.
STREAMS_PER_PERSON = 12
STREAMS_PER_SESSION = 3

# Seconds. So often a stream that has nothing to say says so, and looks whether it has missed anything.
STREAM_HEARTBEAT = 20.0
# So often it looks while nobody can ring for it.
STREAM_UNRUNG = 2.0
# After a cut a phone waits so long, and up to as long again by chance, so that they do not all return together.
STREAM_RETRY = 3.0
# Likewise where nothing streams and the answer ends at once.
STREAM_POLL = 15.0
STREAM_SEND = timeouts.STREAM_SEND
# More news of one person than this are read from the inbox.
STREAM_MOST_NEWS = 50
