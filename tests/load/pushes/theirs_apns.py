"""Their side for APNs, in a Python that has aioapns: `PORT COUNT CA_FILE KEY_FILE`.

A thousand at a time, as Apple takes.
"""

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path

from aioapns import APNs, NotificationRequest
from aioapns.connection import APNsProductionClientProtocol


async def main(port: str, count: str, ca_file: str, key_file: str) -> None:
    APNsProductionClientProtocol.APNS_SERVER = "127.0.0.1"
    APNsProductionClientProtocol.APNS_PORT = int(port)
    tls = ssl.create_default_context(cafile=ca_file)
    tls.set_alpn_protocols(["h2"])
    client = APNs(
        key=Path(key_file).read_text(), key_id="ABC123DEFG", team_id="TEAM456HIJ",
        topic="test.example.app", ssl_context=tls,
    )  # fmt: skip
    took = asyncio.Semaphore(1_000)

    async def send(number: int) -> bool:
        words = {"title": "Sam shared a post with you", "body": f"Harbour lights {number}"}
        message = {"aps": {"alert": words, "sound": "default"}, "link": "app://post/1"}
        async with took:
            answer = await client.send_notification(
                NotificationRequest(device_token=f"{number:064x}", message=message)
            )
        return answer.is_successful

    began, burnt = time.perf_counter(), time.process_time()
    sent = await asyncio.gather(*(send(number) for number in range(int(count))))
    seconds, cpu = time.perf_counter() - began, time.process_time() - burnt
    print(json.dumps({"sent": sum(sent), "seconds": seconds, "cpu": cpu}))


asyncio.run(main(*sys.argv[1:]))
