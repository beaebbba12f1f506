"""A push service that says yes to everybody and costs as little as it can, in a process of its own.

    python -m tests.load.pushes.fake FOLDER

FCM over HTTP/1.1, APNs over HTTP/2 and TLS with just enough of the protocol spoken by hand, so that the senders are
what is measured. Prints where it is; `GET /count` on the first port answers how many messages it has taken.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from hpack import Decoder

from tests.fakes.apns import _self_signed

_NAME = b'{"name":"projects/p/messages/0:1700000000000000"}'
_YES = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_PREFACE = 24
_DATA, _HEADERS, _SETTINGS, _PING = 0, 1, 4, 6
taken = 0


class Fcm(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self._transport, self._buffer = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        global taken
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            _, _, rest = head.partition(b"content-length: ")
            whole = end + 4 + int(rest.split(b"\r\n", 1)[0] or 0)
            if len(self._buffer) < whole:
                return
            del self._buffer[:whole]
            if head.startswith(b"get"):
                body = b"%d" % taken
            elif b"/token" in head.split(b"\r\n", 1)[0]:
                body = b'{"access_token":"token","expires_in":3600}'
            else:
                taken += 1
                body = _NAME
            self._transport.write(_YES % (len(body), body))


class Apns(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self._transport, self._buffer, self._out = transport, bytearray(), bytearray()
        self._begun = False
        self._ids: dict[int, bytes] = {}
        self._decoder = Decoder()
        # A thousand streams at a time, as Apple has; a window that no test fills.
        settings = b"\0\3\0\0\3\xe8\0\4\x7f\xff\xff\xff"
        self._frame(_SETTINGS, 0, 0, settings)
        self._frame(8, 0, 0, (2**31 - 1 - 65_535).to_bytes(4))
        transport.write(bytes(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        at = 0
        if not self._begun:
            if len(buffer) < _PREFACE:
                return
            self._begun, at = True, _PREFACE
        while len(buffer) >= at + 9:
            size = int.from_bytes(buffer[at : at + 3])
            if len(buffer) < at + 9 + size:
                break
            kind, flags = buffer[at + 3], buffer[at + 4]
            stream = int.from_bytes(buffer[at + 5 : at + 9])
            self._take(kind, flags, stream, bytes(buffer[at + 9 : at + 9 + size]))
            at += 9 + size
        del buffer[:at]
        if self._out:
            self._transport.write(bytes(self._out))
            self._out.clear()

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        global taken
        if kind == _HEADERS:
            headers = self._decoder.decode(payload, raw=True)
            self._ids[stream] = next(value for name, value in headers if name == b"apns-id")
        elif kind == _DATA and flags & 1:
            taken += 1
            name = self._ids.pop(stream)
            self._frame(_HEADERS, 5, stream, b"\x88\0\7apns-id" + bytes([len(name)]) + name)
        elif kind == _SETTINGS and not flags & 1:
            self._frame(_SETTINGS, 1, 0, b"")
        elif kind == _PING and not flags & 1:
            self._frame(_PING, 1, 0, payload)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        self._out += len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


async def main(folder: Path) -> None:
    loop = asyncio.get_running_loop()
    ca_file = folder / "apns.pem"
    fcm = await loop.create_server(Fcm, "127.0.0.1", 0)
    apns = await loop.create_server(Apns, "127.0.0.1", 0, ssl=_self_signed(ca_file))
    ports = [server.sockets[0].getsockname()[1] for server in (fcm, apns)]
    print(json.dumps({"fcm": ports[0], "apns": ports[1], "ca_file": str(ca_file)}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
