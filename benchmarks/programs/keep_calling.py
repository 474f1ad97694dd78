"""Calls at a steady rate: `keep_calling BASE_URL TOKEN ROOM TRANSPORT`.

For each line of its standard input, a number of seconds, it posts notifications for so long, then
prints how many bytes of memory it has.
"""

import sys
import time

from benchmarks.programs.watching import memory_bytes
from hipkit import HipChat

CALLS_A_SECOND = 20

base_url, token, room, transport = sys.argv[1:]
with HipChat(
    token,
    base_url=base_url,
    transport="pycurl" if transport == "pycurl" else "httpcore2",
) as client:
    for line in sys.stdin:
        count = int(float(line) * CALLS_A_SECOND)
        began = time.monotonic()
        for number in range(count):
            client.rooms.send_room_notification(room, message=f"No. {number}")
            due = began + (number + 1) / CALLS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        print(memory_bytes(), flush=True)
