"""The addresses of content in version 2: what has changed, and the rest as version 1 has it."""

from django.urls import path

from apps.content.api.v1 import urls as v1
from apps.content.api.v2 import views

_changed = [
    path("posts/<uuid:id>/comments", views.PostComments.as_view(), name="comment-list"),
    path(
        "posts/<uuid:id>/comments/<uuid:comment_id>",
        views.CommentDetail.as_view(),
        name="comment-detail",
    ),
]
_names = {route.name for route in _changed}

urlpatterns = [*_changed, *(route for route in v1.urlpatterns if route.name not in _names)]
