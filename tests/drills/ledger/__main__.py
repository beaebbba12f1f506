"""The writer, `python -m tests.drills.ledger EVENTS SECONDS SEED`: prints each event's number once it is committed."""

import random
import sys
import time

import django
from django.db import connection, transaction


def main(events: int, seconds: float, seed: int) -> None:
    from apps.core import jobs
    from tests.drills.ledger import tasks

    chance = random.Random(seed)
    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + seconds * number / events - time.monotonic()))
        is_committed = chance.random() > 0.1
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO drill_event VALUES (%s)", [number])
            jobs.enqueue(tasks.effect, number=number)
            transaction.set_rollback(not is_committed)
        if is_committed:
            print(number, flush=True)


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
