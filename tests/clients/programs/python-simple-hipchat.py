"""python-simple-hipchat: the most used of the Python libraries for version 1."""

import os
import urllib.error

import hipchat

client = hipchat.HipChat(os.environ["ADMIN_TOKEN"], os.environ["ROOT"] + "/v1/")
rooms = client.list_rooms()["rooms"]
assert [room["name"] for room in rooms] == ["Dev Ops", "Secret"], rooms
people = client.list_users()["users"]
assert {person["email"] for person in people} >= {"jane@example.com"}, people
room = client.find_room("Dev Ops")
assert client.find_room("nothing") is None
assert client.find_user("Jane Doe")["mention_name"] == "JaneDoe"
assert client.show_room(room["room_id"])["room"]["name"] == "Dev Ops"
assert client.message_room(room["room_id"], "Someone", "no color") == {"status": "sent"}
answer = client.message_room(
    "Dev Ops", "A name beyond fifteen", "é <b>all</b> & more", "html", "purple", True
)
assert answer == {"status": "sent"}
only_to_notify = hipchat.HipChat(os.environ["ROOM_TOKEN"], os.environ["ROOT"] + "/v1/")
assert (
    only_to_notify.message_room(1, "Room", "the room's own token")["status"] == "sent"
)
try:
    only_to_notify.list_rooms()
except urllib.error.HTTPError as error:
    assert error.code == 401, error
else:
    raise AssertionError
