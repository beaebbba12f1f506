"""The token by which Apple knows us: signed with our key, renewed before it is too old and never too often.

https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns
"""

import threading
import time

import jwt

# Apple wants a token between 20 and 60 minutes old replaced, and refuses both older ones and more frequent changes.
_LIFETIME = 50 * 60.0
_YOUNGEST = 20 * 60.0


class ApnsToken:
    """ES256 over team and time. Safe for threads."""

    def __init__(self, *, key: str, key_id: str, team_id: str) -> None:
        self._key, self._key_id, self._team_id = key, key_id, team_id
        self._lock = threading.Lock()
        self._token = ""
        self._made_at = -_LIFETIME

    def current(self) -> str:
        """Return a token that Apple accepts."""
        with self._lock:
            now = time.monotonic()
            if not self._token or now - self._made_at >= _LIFETIME:
                claims = {"iss": self._team_id, "iat": int(time.time())}
                headers = {"kid": self._key_id}
                self._token = jwt.encode(claims, self._key, algorithm="ES256", headers=headers)
                self._made_at = now
            return self._token

    def forget(self, token: str) -> None:
        """Drop a token that was refused as stale, unless it is so young that Apple would refuse another."""
        with self._lock:
            if token == self._token and time.monotonic() - self._made_at >= _YOUNGEST:
                self._token = ""
