"""The teller, `python -m tests.drills.mails READERS`: one mail to each of so many people, due at once."""

import sys
import uuid

import django
from django.db import transaction
from django.db.models.functions import Now


def main(readers: int) -> None:
    from apps.accounts.models import User
    from apps.notifications.models import Delivery, Preference
    from apps.notifications.services import notify

    people = [User(email=f"reader-{number}@example.test") for number in range(readers)]
    User.objects.bulk_create(people, batch_size=1_000)
    wants = {"social": {"email": True}}
    Preference.objects.bulk_create(
        [Preference(user=one, choices=wants) for one in people], batch_size=1_000
    )
    for number, one in enumerate(people):
        with transaction.atomic():
            notify(
                kind="post_shared",
                recipient_id=one.pk,
                data={"name": "Sam", "title": "Harbour lights"},
                key=str(number),
                target=("post", uuid.uuid4()),
            )
    # Nobody looked in the app meanwhile.
    Delivery.objects.open().update(next_attempt_at=Now())


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
