"""hipnotify sends its truths as text, in a form that HipChat refused and hipkit takes."""

import os

import hipnotify

TOKEN = os.environ["ROOM_TOKEN"]


def room(name, token=TOKEN):
    return hipnotify.Room(token, name, endpoint_url=os.environ["ROOT"])


assert room("1").notify("as it comes").status_code == 204
answer = room("Dev Ops").notify("<b>by name</b>", "red", "false", "html")
assert answer.status_code == 204
assert room("1", "wrong").notify("x").status_code == 401
assert room("2").notify("x").status_code == 403
assert hipnotify.Room(TOKEN, "1", debug=True).notify("not sent") == []
# Nothing but its default address.
assert (
    hipnotify.Room(TOKEN, "1").notify("é @all, at random", "random").status_code == 204
)
