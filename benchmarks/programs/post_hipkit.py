"""Posts one notification by hipkit: `post_hipkit.py ORIGIN AUTHORITY TRANSPORT`."""

import sys

from hipkit import HipChat

origin, authority, transport = sys.argv[1:]
with HipChat(
    "token",
    base_url=f"{origin}/v2",
    verify=authority,
    transport="pycurl" if transport == "pycurl" else "httpcore2",
) as client:
    client.rooms.send_room_notification("Dev Ops", message="Done.", color="green")
