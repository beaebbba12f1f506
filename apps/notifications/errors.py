"""What notifications refuse with.

Conflict
├── CampaignMoved           the campaign is no longer, or not yet, where this can be done to it
└── SameEyes                whoever wrote at a campaign does not release it, where two pairs of eyes are asked for
Invalid
└── CampaignIncomplete      something that everybody would read is missing
TooMany
└── TooManyStreams          one person follows events on so many devices and no more
Unavailable
└── StreamsFull             this server follows as many apps as it can
"""

from apps.core.errors import Conflict, Invalid, TooMany, Unavailable


class CampaignMoved(Conflict):
    code = "campaign_moved"
    title = "The campaign is not where this can be done to it. Look at it again."


class SameEyes(Conflict):
    code = "same_eyes"
    title = "Somebody who did not write at this campaign has to release it."


class CampaignIncomplete(Invalid):
    code = "campaign_incomplete"
    title = "The campaign does not say everything yet."


class TooManyStreams(TooMany):
    code = "too_many_streams"
    title = "You follow events on too many devices at once."


class StreamsFull(Unavailable):
    code = "streams_full"
    title = "This server follows as many apps as it can; come back in a moment."
