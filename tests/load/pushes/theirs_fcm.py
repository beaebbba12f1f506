"""Their side for FCM, in a Python that has fcm-django: `PORT COUNT`.

One queryset sends to all devices, as its README does.
"""

import json
import sys
import time

import django
import firebase_admin
import google.oauth2.credentials
from django.conf import settings
from django.core.management import call_command
from firebase_admin import credentials, messaging


class Known(credentials.Base):
    """A token that needs no fetching."""

    def get_credential(self) -> google.oauth2.credentials.Credentials:
        return google.oauth2.credentials.Credentials("token")


def main(port: int, count: int) -> None:
    where = f"http://127.0.0.1:{port}"
    messaging._MessagingService.FCM_URL = where + "/v1/projects/{0}/messages:send"
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "fcm_django"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        FCM_DJANGO_SETTINGS={"DEFAULT_FIREBASE_APP": None},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)
    app = firebase_admin.initialize_app(Known(), {"projectId": "test"})
    # As many connections as it keeps to Google.
    session = messaging._get_messaging_service(app)._client.session
    session.mount(where, session.get_adapter("https://fcm.googleapis.com"))
    from fcm_django.models import FCMDevice

    FCMDevice.objects.bulk_create(
        FCMDevice(registration_id=f"phone-{number}" + "x" * 140, type="ios")
        for number in range(count)
    )
    words = messaging.Notification(title="Sam shared a post with you", body="Harbour lights")
    message = messaging.Message(notification=words, data={"link": "app://post/1"})
    began, burnt = time.perf_counter(), time.process_time()
    answer = FCMDevice.objects.all().send_message(message)
    seconds, cpu = time.perf_counter() - began, time.process_time() - burnt
    print(json.dumps({"sent": answer.response.success_count, "seconds": seconds, "cpu": cpu}))


main(*map(int, sys.argv[1:]))
