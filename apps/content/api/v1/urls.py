"""The addresses of posts, the feed and comments."""

from django.urls import path

from apps.content.api.v1 import views

urlpatterns = [
    path("feed", views.Feed.as_view(), name="feed"),
    path("search", views.Search.as_view(), name="search"),
    path("posts", views.PostList.as_view(), name="post-list"),
    path("posts/<uuid:id>", views.PostDetail.as_view(), name="post-detail"),
    path("posts/<uuid:id>/publish", views.PostPublish.as_view(), name="post-publish"),
    path("posts/<uuid:id>/archive", views.PostArchive.as_view(), name="post-archive"),
    path("posts/<uuid:id>/comments", views.PostComments.as_view(), name="comment-list"),
    path(
        "posts/<uuid:id>/comments/<uuid:comment_id>",
        views.CommentDetail.as_view(),
        name="comment-detail",
    ),
]
