"""What would this installation get? Asked by its id, or by what a phone would say."""

import json
import uuid
from typing import Any

from django import forms

from apps.core.actors import Actor
from apps.core.cache import ProcessCopy
from apps.core.clients import PLATFORMS, Client
from apps.devices import selectors
from apps.devices.models.decisions import is_locale, is_version


class Preview(forms.Form):
    """What is left empty is taken from what the installation last said of itself."""

    installation_id = forms.CharField(max_length=64, required=False)
    account = forms.UUIDField(required=False, help_text="Whoever is signed in, by id.")
    platform = forms.ChoiceField(choices=[("", "")] + [(p, p) for p in PLATFORMS], required=False)
    version = forms.CharField(max_length=40, required=False, validators=[is_version])
    locale = forms.CharField(max_length=35, required=False, validators=[is_locale])

    def found(self) -> dict[str, Any]:
        """Return the answer as JSON, and each flag with the reason for it."""
        ProcessCopy.look()
        client, actor = self._asker()
        told = selectors.app_config(client, actor)
        document = {name: getattr(told, name) for name in ("config", "flags")}
        for name in ("version", "maintenance"):
            part = getattr(told, name)
            document[name] = part and {key: getattr(part, key) for key in part.__slots__}
        return {
            "client": client,
            "document": json.dumps(document, indent=2, ensure_ascii=False, default=str),
            "flags": selectors.explained(client, actor),
        }

    def _asker(self) -> tuple[Client, Actor]:
        given = self.cleaned_data
        installation = given["installation_id"].strip().lower()
        known = selectors.device_at(installation)
        said: dict[str, Any] = {
            "platform": known.platform if known else "",
            "version": known.app_version if known else "",
            "locale": known.locale.lower() if known else "",
        }
        said |= {name: given[name] for name in said if given[name]}
        account: uuid.UUID | None = given["account"] or (known.user_id if known else None)
        return Client(device_id=installation, **said), Actor(id=account)
