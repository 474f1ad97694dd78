"""Posts one notification by httpcore2's pool: `post_httpcore2.py ORIGIN AUTHORITY`."""

import ssl
import sys

import httpcore2

origin, authority = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
with httpcore2.ConnectionPool(ssl_context=context) as pool:
    response = pool.request(
        "POST",
        f"{origin}/v2/room/Dev%20Ops/notification",
        headers={"Authorization": "Bearer token", "Content-Type": "application/json"},
        content=b'{"message":"Done.","color":"green"}',
        extensions={"timeout": {"connect": 30, "read": 30, "write": 30, "pool": 30}},
    )
    sys.exit(response.status != 204)
