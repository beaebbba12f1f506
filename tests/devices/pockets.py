"""What phones do about themselves before a test begins, through the wire."""

from typing import Any

from tests.phone import Answer, Phone

STATE = {
    "platform": "ios",
    "os_version": "26.1",
    "model": "iPhone19,2",
    "app_version": "2.0.0",
    "build": "1432",
    "locale": "de-AT",
    "time_zone": "Europe/Vienna",
}


def register(phone: Phone, **changes: str) -> Answer:
    """Say what the device is."""
    return phone.put(
        f"devices/{phone.installation_id}", STATE | {"platform": phone.platform} | changes
    )


def set_address(phone: Phone, address: str, **more: Any) -> Answer:
    """Say where push finds the app."""
    body = {"provider": "fcm", "address": address, **more}
    return phone.put(f"devices/{phone.installation_id}/push-address", body)


def reachable(phone: Phone, address: str, **more: Any) -> Phone:
    """Make a phone that push reaches."""
    answer = register(phone)
    assert answer.status in {200, 201}, answer.content
    answer = set_address(phone, address, **more)
    assert answer.status == 200, answer.content
    return phone


def another_phone_of(owner: Phone, **options: Any) -> Phone:
    """Sign the same person in on another device."""
    other = Phone(**options)
    answer = other.login(owner.email)
    assert answer.status == 200, answer.content
    return other


def devices_of(phone: Phone) -> dict[str, dict[str, Any]]:
    """Return what its owner holds, by installation id."""
    return {one["installation_id"]: one for one in phone.get("devices").json["items"]}
