"""The people of the demo: they live on a developer's machine, and who they are is written next to its database."""

import json

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password

from apps.accounts.models import User
from apps.core import roles
from apps.core.bulk import Tell, copy_rows

PASSWORD = "correct horse battery staple"  # noqa: S105
PEOPLE = (
    ("Staff", "staff@example.test", True),
    ("Ada", "ada@example.test", False),
    ("Grace", "grace@example.test", False),
)


def seed() -> None:
    """Make the demo accounts, with proven addresses, and write `.local/demo.json` for the start page."""
    for name, email, is_staff in PEOPLE:
        User.objects.get_or_create(
            email=email,
            defaults={
                "display_name": name,
                "password": make_password(PASSWORD),
                "is_staff": is_staff,
                "is_superuser": is_staff,
            },
        )
    roles.write()
    people = [{"label": name, "email": email, "password": PASSWORD} for name, email, _ in PEOPLE]
    settings.LOCAL_STATE.mkdir(parents=True, exist_ok=True)
    (settings.LOCAL_STATE / "demo.json").write_text(json.dumps(people, indent=2) + "\n")


def seed_at_scale(count: int, tell: Tell) -> None:
    """Make readers until there is one for every hundred of `count` posts; nobody can sign in as them."""
    known = User.objects.filter(email__endswith=_READERS).count()
    numbers = range(known, count // 100)
    rows = (
        {
            "email": f"reader-{number:08}{_READERS}",
            "display_name": f"Reader {number}",
            "password": UNUSABLE_PASSWORD_PREFIX,
            "is_superuser": "f",
        }
        for number in numbers
    )
    copy_rows(User, rows, total=len(numbers), tell=tell)


_READERS = "@crowd.example.test"
