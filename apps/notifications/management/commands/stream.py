"""The stream server: one process, one event loop, uvicorn around it."""

import asyncio
import os
import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from apps.notifications.streaming.hub import here

# Bytes that the kernel keeps for an app that does not read; the next go into our own buffer, and then we wait.
_KERNEL_BUFFER = 64 * 1024
_BACKLOG = 2_048
# Seconds for what is open to be told that it must go, and for requests to be answered.
GRACE = 5


class Command(BaseCommand):
    help = "Serve GET /api/…/events at STREAM_BIND."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        application = import_string(settings.ASGI_APPLICATION)
        config = uvicorn.Config(
            application,
            http="h11",
            loop="asyncio",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=settings.MAX_HEADER_BYTES + settings.MAX_URL_BYTES,
            timeout_graceful_shutdown=GRACE,
        )
        server = Server(config)
        application.cut = server.cut
        with listening(settings.STREAM_BIND) as door:
            asyncio.run(server.serve([door]))
        if settings.METRICS_FOLDER:
            from prometheus_client import multiprocess

            multiprocess.mark_process_dead(os.getpid())


class Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: Any) -> None:
        if here.hub:
            here.hub.stop()
        super().handle_exit(sig, frame)

    def cut(self, client: Any) -> None:
        """Drop a connection with whatever still waits to be read."""
        connections: set[Any] = self.server_state.connections
        for protocol in list(connections):
            if protocol.client == client:
                protocol.transport.abort()


def listening(place: str) -> socket.socket:
    """Open the door; every connection has what is set here."""
    host, _, port = place.rpartition(":")
    door = socket.create_server((host.strip("[]"), int(port)), backlog=_BACKLOG)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Whoever acknowledges nothing for so long is cut off by the kernel, whatever still lies in its buffer.
        milliseconds = int(2000 * settings.STREAM_SEND)
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
    return door
