"""hipchat-notif tries its token first, and reads the answer to that; it knows one address."""

import os

from hipchat_notif import HipchatAuthError, HipchatNotificator, HipchatRoomError

for token in (os.environ["ADMIN_TOKEN"], os.environ["ROOM_TOKEN"]):
    notifier = HipchatNotificator(token)
    notifier.room = "Dev Ops"
    notifier.notification_name = "Notifier"
    for kind in ("notif", "alert", "ok", "message"):
        getattr(notifier, kind)(f"of kind {kind}")
    notifier.send_message(
        "at random", room=1, notify=1, message_format="text", color="random"
    )
try:
    HipchatNotificator("wrong")
except HipchatAuthError:
    pass
else:
    raise AssertionError
notifier = HipchatNotificator(os.environ["ADMIN_TOKEN"])
notifier.room, notifier.notification_name = "nothing", "Notifier"
try:
    notifier.notif("x")
except HipchatRoomError:
    pass
else:
    raise AssertionError
