"""Walks a history: `walk_history BASE_URL AUTHORITY MESSAGES TRANSPORT`; prints its costs."""

import sys

from benchmarks.programs.watching import tell_costs
from hipkit import HipChat

base_url, authority, messages, transport = sys.argv[1:]
with HipChat(
    "token",
    base_url=base_url,
    verify=authority,
    transport="pycurl" if transport == "pycurl" else "httpcore2",
) as client:
    client.rooms.get_room_history("Dev Ops")
    with tell_costs():
        count = sum(1 for _ in client.history("Dev Ops"))
if count != int(messages):
    sys.exit(f"{count} messages came, of {messages}")
