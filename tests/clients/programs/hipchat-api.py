"""hipchat-api: the rooms and people of version 1 as objects."""

import os

from hipchat import Api
from hipchat.api import AuthorizationError, NotFoundError

api = Api(os.environ["ADMIN_TOKEN"], "Program", os.environ["ROOT"] + "/v1/")
(room,) = [room for room in api.rooms.list() if room.name == "Dev Ops"]
assert not room.is_archived
assert [person.name for person in api.rooms.show(room.room_id).participants] == [
    "Jane Doe"
]
room.topic = "a topic by version 1"
assert api.rooms.show(room.room_id).topic == "a topic by version 1"
room.message("<b>note</b>", format="html", notify=True, color="red")
room.message("plain")
said = [(entry.from_user.name, entry.message) for entry in room.history()]
assert said[-2:] == [("Program", "<b>note</b>"), ("Program", "plain")], said

made = api.rooms.create("Made", 2, topic="start", private=True, guest_access=False)
assert (made.name, made.topic, str(made.owner_user_id)) == ("Made", "start", "2")
api.rooms.create("Gone", 2, private=False).delete()
try:
    api.rooms.show(99)
except NotFoundError:
    pass
else:
    raise AssertionError

people = api.users.list(include_deleted=True)
assert {person.name for person in people} >= {"Jane Doe", "Bob Ray"}
jane = api.users.show("jane@example.com")
assert (jane.name, jane.mention_name) == ("Jane Doe", "JaneDoe")
assert api.users.show(jane.user_id).email == "jane@example.com"
# What it does with people besides needs Python 2, or calls that hipkit does not serve.
try:
    Api("wrong", base_url=os.environ["ROOT"] + "/v1/").rooms.list()
except AuthorizationError:
    pass
else:
    raise AssertionError
