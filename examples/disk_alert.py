"""Alert a room when a disk is nearly full; made for cron or a systemd timer.

```sh
python disk_alert.py Alerts --path /var --above 90
```

The URL and the token come from HIPCHAT_BASE_URL and HIPCHAT_TOKEN, or from a profile. The token
needs the scope `send_notification` only, as a room notification token has it.

Exit code: 0 if the disk has room or the alert was posted, 1 if it could not be posted.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
from collections.abc import Sequence

from hipkit import HipChat, HipkitError


def describe(path: str, above: int) -> str | None:
    """Return the text of the alert, or `None` while the disk is not that full."""
    usage = shutil.disk_usage(path)
    percent = 100 * usage.used / usage.total
    if percent < above:
        return None
    free = usage.free / 1024**3
    return (
        f"{socket.gethostname()}: {path} is {percent:.0f} % full, {free:.1f} GiB left"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the disk, post if necessary, and return the exit code."""
    parser = argparse.ArgumentParser(description="Alert a room of a nearly full disk.")
    parser.add_argument("room", help="id or name of the room")
    parser.add_argument("--path", default="/", help="a path on the disk (default: /)")
    parser.add_argument("--above", type=int, default=90, metavar="PERCENT")
    parser.add_argument("--profile", help="take URL and token from this profile")
    given = parser.parse_args(arguments)
    try:
        text = describe(given.path, given.above)
        if text is None:
            return 0
        # What nobody waits for may wait longer: three minutes of retries in all.
        client = (
            HipChat.from_profile(given.profile, deadline=180, retries=8)
            if given.profile
            else HipChat(deadline=180, retries=8)
        )
        with client:
            client.rooms.send_room_notification(
                given.room,
                message=text,
                message_format="text",
                color="red",
                notify=True,
            )
    except (HipkitError, OSError, ValueError) as error:
        print(f"disk_alert: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
