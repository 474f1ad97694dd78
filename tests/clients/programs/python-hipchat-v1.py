"""python-hipchat-v1: python-simple-hipchat, and the history."""

import os

import hipchat

client = hipchat.HipChat(os.environ["ADMIN_TOKEN"], os.environ["ROOT"] + "/v1/")
room = client.find_room("Dev Ops")
client.message_room(room["room_id"], "Someone", "remember this", "text", "green")
said = client.room_history(room["room_id"], "recent")["messages"]
assert [message["message"] for message in said] == ["remember this"], said
assert said[0]["from"]["name"] == "Someone", said
# A whole day, as its own default asks for it; long past, so that a replay is the same.
assert client.room_history(room["room_id"], "2014-02-03") == {"messages": []}
