"""How notifications refuse."""

from apps.core.errors import TooMany, Unavailable


class TooManyStreams(TooMany):
    code = "too_many_streams"
    title = "You follow events on too many devices at once."


class StreamsFull(Unavailable):
    code = "streams_full"
    title = "This server follows as many apps as it can; come back in a moment."
