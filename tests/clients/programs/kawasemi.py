"""kawasemi sends to many services; its channel for HipChat puts the token into the address."""

import os

from kawasemi import Kawasemi

CHANNEL = {
    "_backend": "kawasemi.backends.hipchat.HipChatChannel",
    "base_url": os.environ["ROOT"] + "/v2/",
    "token": os.environ["ROOM_TOKEN"],
}


def channel(**options):
    return Kawasemi({"CHANNELS": {"hipchat": {**CHANNEL, **options}}})


by_id = channel(api_id="1", color="green", notify=True)
by_id.send("as <b>set up</b>")
options = {"color": "purple", "notify": False, "message_format": "text"}
by_id.send("as asked", options={"hipchat": options})
channel(api_id="Dev Ops").send("by name")
try:
    channel(api_id="2").send("elsewhere")
except Exception as error:
    assert "403" in str(error), error
channel(api_id="2").send("elsewhere, in silence", fail_silently=True)
