"""What the sample product refuses with.

NotFound
├── PostNotFound            absent, deleted, or not for this caller
├── CommentNotFound         likewise, whichever of post and comment is missing
├── CollaboratorNotFound    this person has no share in the post
├── MediaNotFound           absent, or not for this caller
├── ReactionNotFound        the caller has not reacted to the post
└── TargetNotFound          what is reported is absent, deleted, or not for this caller
Denied
└── OwnerOnly               an editor may change the words, not who reads them
Conflict
├── IdTaken                 the id a client chose names another row
├── AlreadyPublished        what was published once can't be scheduled any more
├── EditWindowClosed        a comment can be put into other words only while it is new
├── CoverUnusable           not a picture of the caller's that a post can show
├── MediaQuotaSpent         no more pictures, or bytes of pictures, for this person
├── UploadMissing           the file has not arrived in the store
├── TooManyCollaborators    a post is shared with so many and no more
└── TooManyBookmarks        a person keeps so many and no more
Gone
├── PostDeleted             the id a client repeats names a post of its own that it has deleted since
└── CommentDeleted          likewise, a comment
Invalid
├── TagTooLong              longer than a tag may be once it is in its normal form
├── ScheduleOutOfRange      neither the past nor years ahead
├── OwnShare                an author has no share in the own post
├── OwnTarget               nobody complains about themselves
├── ReplyTooDeep            a reply can't be replied to
└── NothingToHide           people are suspended, not hidden
Mismatch
└── MediaDiffers            the id names an own picture that was announced differently
TooMany
└── TooManyReports          a day's worth of complaints
Unavailable
└── StorageUnavailable      the file store does not answer; nothing else is affected
"""

from apps.core.errors import (
    Conflict,
    Denied,
    Gone,
    Invalid,
    Mismatch,
    NotFound,
    TooMany,
    Unavailable,
)


class PostNotFound(NotFound):
    code = "post_not_found"
    title = "There is no such post."


class CommentNotFound(NotFound):
    code = "comment_not_found"
    title = "There is no such comment."


class CollaboratorNotFound(NotFound):
    code = "collaborator_not_found"
    title = "The post is not shared with this person."


class ReactionNotFound(NotFound):
    code = "reaction_not_found"
    title = "You have not reacted to this post."


class TargetNotFound(NotFound):
    code = "target_not_found"
    title = "There is nothing like this to report."


class OwnerOnly(Denied):
    code = "owner_only"
    title = "Only its author may change this."


class IdTaken(Conflict):
    code = "id_taken"
    title = "This id is in use; choose another."


class AlreadyPublished(Conflict):
    code = "already_published"
    title = "This post has been published; it can't be scheduled."


class EditWindowClosed(Conflict):
    code = "edit_window_closed"
    title = "This comment is too old to be changed; delete it instead."


class TooManyCollaborators(Conflict):
    code = "too_many_collaborators"
    title = "This post is shared with as many people as it can be."


class TooManyBookmarks(Conflict):
    code = "too_many_bookmarks"
    title = "You keep as many posts as you can; let go of some."


class PostDeleted(Gone):
    code = "post_deleted"
    title = "This post was deleted."


class CommentDeleted(Gone):
    code = "comment_deleted"
    title = "This comment was deleted."


class TagTooLong(Invalid):
    code = "tag_too_long"
    title = "A tag is too long."


class ScheduleOutOfRange(Invalid):
    code = "schedule_out_of_range"
    title = "Choose a time between now and a year from now."


class OwnShare(Invalid):
    code = "own_share"
    title = "A post can't be shared with its author."


class OwnTarget(Invalid):
    code = "own_target"
    title = "This is your own; change or delete it."


class ReplyTooDeep(Invalid):
    code = "reply_too_deep"
    title = "Reply to the comment that this one replies to."


class TooManyReports(TooMany):
    code = "too_many_reports"
    title = "You have reported a great deal today. Come again tomorrow."


class NothingToHide(Invalid):
    code = "nothing_to_hide"
    title = "A person can be suspended, not hidden."


class MediaNotFound(NotFound):
    code = "media_not_found"
    title = "There is no such picture."


class MediaQuotaSpent(Conflict):
    code = "media_quota_spent"
    title = "There is no room for another picture; delete some."


class UploadMissing(Conflict):
    code = "upload_missing"
    title = "The file has not been uploaded."
    retryable = True


class CoverUnusable(Conflict):
    code = "cover_unusable"
    title = "This picture can't be shown: it is not yours, not uploaded, or was refused."


class MediaDiffers(Mismatch):
    code = "media_differs"
    title = "A picture of this id was announced differently."


class StorageUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Files can't be reached right now."
