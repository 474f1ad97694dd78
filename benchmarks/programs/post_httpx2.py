"""Posts one notification by httpx2's transport: `post_httpx2.py ORIGIN AUTHORITY`."""

import ssl
import sys

import httpx2

origin, authority = sys.argv[1:]
request = httpx2.Request(
    "POST",
    f"{origin}/v2/room/Dev%20Ops/notification",
    headers={"Authorization": "Bearer token", "Content-Type": "application/json"},
    content=b'{"message":"Done.","color":"green"}',
    extensions={"timeout": {"connect": 30, "read": 30, "write": 30, "pool": 30}},
)
context = ssl.create_default_context(cafile=authority)
with httpx2.HTTPTransport(verify=context) as transport:
    response = transport.handle_request(request)
    response.read()
    response.close()
    sys.exit(response.status_code != 204)
