"""hipchatpy: a logger with three levels, and a command."""

from __future__ import annotations

import os
import subprocess

from hipchatpy import HipChatLogger

TOKEN = os.environ["ROOM_TOKEN"]
logger = HipChatLogger(TOKEN, 1, base_uri=f"{os.environ['ROOT']}/v2/")
assert logger.info("at <b>info</b>") == 204
assert logger.warn("at warn", message_format="text") == 204
assert logger.error("at error é") == 204
assert HipChatLogger("wrong", 1, base_uri=logger.base_uri).info("refused") == 401

for level, told in (("1", "True"), ("3", "True")):
    done = subprocess.run(
        ["hipchatpy", "-r", "1", "-m", f"by hand at {level}", "-l", level],
        env=os.environ | {"HIPCHAT_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == told, done
