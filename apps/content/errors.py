"""What the sample product refuses with.

NotFound
├── PostNotFound       absent, deleted, or not for this caller
└── CommentNotFound    likewise, whichever of post and comment is missing
Conflict
└── IdTaken            the id a client chose names another post
Gone
└── PostDeleted        the id a client repeats names a post of its own that it has deleted since
Invalid
└── TagTooLong         longer than a tag may be once it is in its normal form
"""

from apps.core.errors import Conflict, Gone, Invalid, NotFound


class PostNotFound(NotFound):
    code = "post_not_found"
    title = "There is no such post."


class CommentNotFound(NotFound):
    code = "comment_not_found"
    title = "There is no such comment."


class IdTaken(Conflict):
    code = "id_taken"
    title = "This id is in use; choose another."


class PostDeleted(Gone):
    code = "post_deleted"
    title = "This post was deleted."


class TagTooLong(Invalid):
    code = "tag_too_long"
    title = "A tag is too long."
