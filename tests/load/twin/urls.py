"""The twin's addresses: where ours are."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter
from rest_framework_simplejwt.views import TokenObtainPairView

from tests.load.twin import views

router = SimpleRouter(trailing_slash=False)
router.register("feed", views.FeedViewSet, basename="feed")
router.register("posts", views.PostViewSet, basename="post")

urlpatterns = [
    path("api/v1/", include(router.urls)),
    path("api/v1/auth/login", TokenObtainPairView.as_view()),
    path("api/v1/app/config", views.ConfigView.as_view()),
    path("constant", views.constant),
]
