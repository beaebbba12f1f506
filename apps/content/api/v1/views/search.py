"""The endpoint of search."""

from django.http import HttpResponse
from rest_framework.request import Request

from apps.content import selectors
from apps.content.api.v1 import serializers
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public
from apps.core.http.views import ApiView


class Search(ApiView):
    """What everybody may read, by its words."""

    @operation(
        permission=Public,
        limit="search",
        budget=Budget(queries=1, bytes=900_000),
        query=serializers.SearchFor,
        response=Page(serializers.PostFound, order=("-rank", "-id")),
    )
    def get(self, request: Request) -> HttpResponse:
        """Search published public posts, the best fit first.

        All words must be there, in any form of the post's language, with or without accents; the last may be half
        typed. A word in the title weighs most. Titles spelled almost like it follow. Ranked are at most 500 of the
        newest posts with the words, 500 others and 500 such titles, without those of people whom you do not meet.
        """
        return self.page(selectors.posts_found, self.actor, **self.parameters)
