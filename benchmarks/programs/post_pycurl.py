"""Posts one notification by a libcurl handle: `post_pycurl.py ORIGIN AUTHORITY`."""

import sys

import pycurl

origin, authority = sys.argv[1:]
handle = pycurl.Curl()
handle.setopt(pycurl.URL, f"{origin}/v2/room/Dev%20Ops/notification")
handle.setopt(
    pycurl.HTTPHEADER,
    ["Authorization: Bearer token", "Content-Type: application/json", "Expect:"],
)
handle.setopt(pycurl.POSTFIELDS, b'{"message":"Done.","color":"green"}')
handle.setopt(pycurl.CAINFO, authority)
handle.setopt(pycurl.TIMEOUT_MS, 30_000)
handle.setopt(pycurl.WRITEFUNCTION, bytearray().extend)
handle.perform()
status = handle.getinfo(pycurl.RESPONSE_CODE)
handle.close()
sys.exit(status != 204)
