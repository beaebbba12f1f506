"""One process of the twin without a server: answers each line `[method, path, body]` with a line `[status, json]`.

For the test that holds the twin to our JSON; the person who asks is named by id on the command line.
"""

import json
import sys

import django
from django.test import Client

django.setup()

from rest_framework_simplejwt.tokens import AccessToken  # noqa: E402

from apps.accounts.models import User  # noqa: E402

person = User.objects.get(pk=sys.argv[1])
client = Client(
    headers={"Authorization": f"Bearer {AccessToken.for_user(person)}", "Host": "127.0.0.1"}
)
for line in sys.stdin:
    method, path, body = json.loads(line)
    content = b"" if body is None else json.dumps(body).encode()
    answer = client.generic(method, path, content, content_type="application/json")
    print(json.dumps([answer.status_code, answer.json()]), flush=True)
