"""Shares a file from a path: `share_file BASE_URL AUTHORITY PATH TRANSPORT`; prints its costs."""

import sys
from pathlib import Path

from benchmarks.programs.watching import tell_costs
from hipkit import HipChat

base_url, authority, path, transport = sys.argv[1:]
with HipChat(
    "token",
    base_url=base_url,
    verify=authority,
    transport="pycurl" if transport == "pycurl" else "httpcore2",
) as client:
    client.rooms.share_file_with_room("Dev Ops", file=b"a few bytes")
    with tell_costs():
        client.rooms.share_file_with_room("Dev Ops", file=Path(path))
