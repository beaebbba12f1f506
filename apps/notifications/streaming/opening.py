"""How a stream begins: the same in every server, as far as the first bytes."""

from django.conf import settings

from apps.notifications.streaming import news
from apps.notifications.streaming.follower import Follower, Shape
from apps.notifications.streaming.hub import here
from apps.notifications.streaming.wire import EventStream, Opening, Subscription, retry_after


def begin(who: Subscription, *, last_id: str, shape: Shape) -> EventStream:
    """Answer with what there is to say since `last_id`; goes on where there is a hub.

    Raises StreamsFull, TooManyStreams.
    """
    hub = here.hub
    if hub is None:
        return _begun(who, last_id, shape, settings.STREAM_POLL)
    hub.reserve(who)
    try:
        return _begun(who, last_id, shape, settings.STREAM_RETRY)
    except BaseException:
        hub.release(who)
        raise


def _begun(who: Subscription, last_id: str, shape: Shape, wait: float) -> EventStream:
    follower = Follower(who.person, shape, last_id)
    (found,) = news.since([(who.person, follower.seen)])
    return EventStream(Opening(retry_after(wait) + follower.tell(found), who, follower))
