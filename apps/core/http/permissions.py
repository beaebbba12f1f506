"""Who may knock: the route's own permission. Whether a row may be seen is the selectors' question."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class Nobody(BasePermission):
    """The default: a view that declares nothing lets nobody in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class Public(BasePermission):
    """Everybody, signed in or not."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return True


class SignedIn(BasePermission):
    """Whoever holds an access token of a session that still stands."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user.is_authenticated)
