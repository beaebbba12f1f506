"""The twin's endpoints: a ModelViewSet, cursor pagination, a constant answer to see what the server alone costs."""

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_page
from rest_framework import mixins, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.content.models import Post
from tests.load.twin.serializers import PostSerializer, PostSummarySerializer

_CONSTANT = b'{"constant":"' + b"-" * 8_000 + b'"}'


class NewestFirst(CursorPagination):
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100
    ordering = ("-published_at", "-id")

    def get_paginated_response(self, data: list) -> Response:
        return Response({"items": data, "next": self.get_next_link()})


class FeedViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    queryset = Post.objects.filter(
        status="published", visibility="public", hidden_at=None, deleted_at=None, author_out=False
    ).select_related("author")
    serializer_class = PostSummarySerializer
    pagination_class = NewestFirst


class PostViewSet(viewsets.ModelViewSet):
    serializer_class = PostSerializer

    def get_queryset(self) -> QuerySet[Post]:
        shown = Q(status="published", visibility__in=["public", "unlisted"])
        visible = Post.objects.filter(shown | Q(author=self.request.user), deleted_at=None)
        return visible.select_related("author")

    def perform_create(self, serializer: PostSerializer) -> None:
        serializer.save(author=self.request.user)


class ConfigView(APIView):
    authentication_classes = []
    permission_classes = []

    @method_decorator(cache_page(60))
    def get(self, request: Request) -> Response:
        return Response(settings.APP_CONFIG)


def constant(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_CONSTANT, content_type="application/json")
