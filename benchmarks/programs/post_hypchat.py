"""Posts one notification by hypchat: `post_hypchat.py ORIGIN AUTHORITY`."""

import sys
from importlib import import_module

origin, authority = sys.argv[1:]
# Named in texts, as it comes without types.
client = import_module("hypchat").HypChat("token", endpoint=origin, verify=authority)
room = import_module("hypchat.restobject").Room(
    {"links": {"self": f"{origin}/v2/room/Dev%20Ops"}}
)
room._requests = client._requests
room.notification("Done.", color="green")
