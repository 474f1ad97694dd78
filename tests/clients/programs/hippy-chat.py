"""hippy-chat is a handler of Python's logging that sends cards."""

import logging
import os

from hippy_chat.handler import HipchatHandler

logger = logging.getLogger("program")
titled = HipchatHandler(
    os.environ["ROOT"], "Dev Ops", os.environ["ROOM_TOKEN"], "Build"
)
untitled = HipchatHandler(os.environ["ROOT"], "1", os.environ["ROOM_TOKEN"])
failures = []
for handler in (titled, untitled):
    handler.handleError = failures.append
    logger.addHandler(handler)
    logger.error("broken: %s " + "long " * 200, "<script>")
    logger.removeHandler(handler)
assert failures == []
