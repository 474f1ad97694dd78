"""python-simple-hipchat-v2 knows one call, and is wrong about text and bytes in Python 3."""

import json
import os

import hipchat_v2

hipchat = hipchat_v2.HipChat(url=os.environ["ROOT"])
token = os.environ["ROOM_TOKEN"]
headers = {"content-type": "application/json", "authorization": "Bearer " + token}
body = {"message": "simple", "color": "red", "message_format": "text", "from": "me"}
hipchat.method(
    "v2/room/1/notification", headers=headers, data=json.dumps(body).encode()
)
