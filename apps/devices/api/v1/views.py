"""Devices, and what they are told, on the wire, version 1."""

import re

from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.http.client import client_of
from apps.core.http.operations import Budget, Page, operation
from apps.core.http.permissions import Public, SignedIn
from apps.core.http.views import ApiView
from apps.devices import selectors
from apps.devices.api.v1 import serializers
from apps.devices.errors import DeviceNotFound, InstallationIdInvalid, PushAddressOutdated
from apps.devices.services import push_addresses, registry

_INSTALLATION = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


class InstallationView(ApiView):
    """What the endpoints of one installation share."""

    @property
    def installation_id(self) -> str:
        """The id in the path, in lower case as in `X-Device-Id`; raises InstallationIdInvalid."""
        text: str = self.kwargs["installation_id"]
        if not _INSTALLATION.fullmatch(text):
            raise InstallationIdInvalid
        return text.lower()


class DeviceList(ApiView):
    """The devices that somebody holds."""

    @operation(
        permission=SignedIn,
        limit="read",
        budget=Budget(queries=1, bytes=90_000),
        response=Page(serializers.Device),
    )
    def get(self, request: Request) -> HttpResponse:
        """List your devices, the newest installation first."""
        return self.page(selectors.devices_of, self.actor)


class DeviceDetail(InstallationView):
    """One installation of the app."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=12),
        request=serializers.DeviceState,
        response=serializers.Device,
        status=201,
        own_ids=True,
        errors=(InstallationIdInvalid,),
    )
    def put(self, request: Request, installation_id: str) -> HttpResponse:
        """Say that you are signed in on this device, and what it is.

        Send it after signing in and whenever something changed; an installation that you did not hold answers 201. One
        that was signed in under another account changes hands, and you are not told so: the other account's pushes
        stop at once, so register the push address again. You hold at most 20 devices; beyond that the one seen longest
        ago is let go.
        """
        device, is_theirs_now = registry.register_device(
            actor=self.actor, installation_id=self.installation_id, **self.payload
        )
        return self.answer(device, status=201 if is_theirs_now else 200)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=10),
        status=204,
        errors=(InstallationIdInvalid,),
    )
    def delete(self, request: Request, installation_id: str) -> HttpResponse:
        """Sign a device of yours out and stop its pushes.

        May be repeated, and answers the same when you hold no such device.
        """
        registry.remove_device(actor=self.actor, installation_id=self.installation_id)
        return self.nothing()


class PushAddress(InstallationView):
    """Where push finds one installation."""

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=6),
        request=serializers.PushAddress,
        response=serializers.Device,
        errors=(InstallationIdInvalid, DeviceNotFound, PushAddressOutdated),
    )
    def put(self, request: Request, installation_id: str) -> HttpResponse:
        """Let push reach this device at an address.

        Send it whenever the provider hands out an address, and once a month to confirm the one you have: an address
        that was not confirmed for 270 days is forgotten. An address belongs to the device that registered it last. A
        request that was overtaken by a later registration is 409 `push_address_outdated` and needs no retry.
        """
        device = push_addresses.set_push_address(
            actor=self.actor, installation_id=self.installation_id, **self.payload
        )
        return self.answer(device)

    @operation(
        permission=SignedIn,
        limit="write",
        budget=Budget(queries=2),
        status=204,
        errors=(InstallationIdInvalid,),
    )
    def delete(self, request: Request, installation_id: str) -> HttpResponse:
        """Stop pushes to a device of yours and forget its address. May be repeated."""
        push_addresses.withdraw_push_address(actor=self.actor, installation_id=self.installation_id)
        return self.nothing()


class AppConfig(ApiView):
    """What the app is told at run time."""

    @operation(
        permission=Public,
        limit="read",
        budget=Budget(queries=0, bytes=200_000),
        response=serializers.AppConfig,
    )
    def get(self, request: Request) -> HttpResponse:
        """Read the app's configuration: values, flags, versions, maintenance.

        Ask at start and then as `polling` says, with `If-None-Match`. Works signed out; signed in, flags for groups of
        people count as well. A flag is stable for an installation: send `X-Device-Id`. Texts follow `Accept-Language`.
        """
        return self.keep(selectors.app_config(client_of(request), self.actor))
