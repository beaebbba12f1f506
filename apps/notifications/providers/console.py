"""Push on a developer's machine: a line in the log in place of a phone that buzzes."""

import logging

from apps.notifications.providers.base import PushMessage, Receipt

logger = logging.getLogger("push")


class ConsoleProvider:
    """Accepts every message; the address is never logged."""

    serves = frozenset({"fcm", "apns", "expo"})

    async def send(self, message: PushMessage) -> Receipt:
        logger.info(
            "push",
            extra={
                "notification": str(message.notification_id),
                "delivery": str(message.delivery_id),
                "title": message.title,
            },
        )
        return Receipt(provider_message_id=f"console/{message.delivery_id}")

    async def passed_on(self, provider_message_id: str) -> bool:
        """What was logged is there."""
        return True

    async def close(self) -> None:
        """Nothing is open."""
