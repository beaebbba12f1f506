"""What groups of staff may do: every app says it in its `admin.py`, `manage.py roles` writes it into the database.

    roles.grant(roles.SUPPORT, "devices.view_device")

Nobody's daily work needs a superuser. Support looks and does not touch; whoever runs accounts also acts on them.
"""

from collections import defaultdict

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils.module_loading import autodiscover_modules

SUPPORT = "Support"
ACCOUNTS = "Accounts"
MODERATION = "Moderation"
CAMPAIGNS = "Campaigns"

_granted: dict[str, set[str]] = defaultdict(set)


def grant(role: str, *permissions: str) -> None:
    """Let a role do what the permissions say, each as `<app>.<codename>`."""
    _granted[role].update(permissions)


def write() -> dict[str, int]:
    """Make the groups, and give each exactly what was granted; return how much each may do. Commits."""
    autodiscover_modules("admin")
    known = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.select_related("content_type")
    }
    with transaction.atomic():
        for role, names in _granted.items():
            group, _ = Group.objects.get_or_create(name=role)
            group.permissions.set(known[name] for name in names)
    return {role: len(names) for role, names in sorted(_granted.items())}
