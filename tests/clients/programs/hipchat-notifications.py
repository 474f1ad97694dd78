"""hipchat-notifications: rooms and people, a function a colour, and a logging handler."""

import logging
import os

os.environ["HIPCHAT_API_TOKEN"] = os.environ["ADMIN_TOKEN"]
os.environ["HIPCHAT_API_SERVER"] = os.environ["HOST"]

# It reads its settings while it is imported.
from hipchat import logger, notifications
from hipchat.exceptions import HipChatError

notifications.notify_room("Dev%20Ops", "a <i>note</i>", label="Label", notify=True)
notifications.notify_user("jane@example.com", "hello <b>you</b>")
notifications.notify_user("@JaneDoe", "hello you", message_format="text")
for color in ("yellow", "gray", "grey", "green", "purple", "red"):
    getattr(notifications, color)("Dev Ops", f"in {color}")
notifications.notify_room(1, "x" * 11_000, message_format="text")
handler = logger.HipChatHandler("unused", "Dev Ops", label="log", notify=True)
for level in (logging.DEBUG, logging.WARNING, logging.CRITICAL):
    handler.emit(logging.LogRecord("n", level, "p", 1, "at %s", (level,), None))
try:
    notifications.notify_room("nothing", "x")
except HipChatError as error:
    assert error.message == "Room nothing not found", error.message
