"""The addresses of the sample product, version 1."""

from django.urls import path

from apps.content.api.v1.views import (
    collaborators,
    comments,
    media,
    posts,
    publishing,
    reports,
    responses,
    search,
)

urlpatterns = [
    path("feed", posts.Feed.as_view(), name="feed"),
    path("search", search.Search.as_view(), name="search"),
    path("bookmarks", responses.BookmarkList.as_view(), name="bookmark-list"),
    path("reports", reports.ReportList.as_view(), name="report-list"),
    path("posts", posts.PostList.as_view(), name="post-list"),
    path("posts/shared", collaborators.SharedPosts.as_view(), name="shared-post-list"),
    path("posts/<uuid:id>", posts.PostDetail.as_view(), name="post-detail"),
    path("posts/<uuid:id>/publish", publishing.PostPublish.as_view(), name="post-publish"),
    path("posts/<uuid:id>/schedule", publishing.PostSchedule.as_view(), name="post-schedule"),
    path("posts/<uuid:id>/archive", publishing.PostArchive.as_view(), name="post-archive"),
    path("posts/<uuid:id>/reaction", responses.PostReaction.as_view(), name="post-reaction"),
    path("posts/<uuid:id>/bookmark", responses.PostBookmark.as_view(), name="post-bookmark"),
    path(
        "posts/<uuid:id>/collaborators",
        collaborators.PostCollaborators.as_view(),
        name="collaborator-list",
    ),
    path(
        "posts/<uuid:id>/collaborators/<uuid:user_id>",
        collaborators.CollaboratorDetail.as_view(),
        name="collaborator-detail",
    ),
    path("posts/<uuid:id>/comments", comments.PostComments.as_view(), name="comment-list"),
    path(
        "posts/<uuid:id>/comments/<uuid:comment_id>",
        comments.CommentDetail.as_view(),
        name="comment-detail",
    ),
    path("media", media.MediaList.as_view(), name="media-list"),
    path("media/<uuid:id>", media.MediaDetail.as_view(), name="media-detail"),
    path("media/<uuid:id>/complete", media.MediaComplete.as_view(), name="media-complete"),
]
