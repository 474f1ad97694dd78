"""notifiers checks everything against HipChat's own schema before it sends it."""

import os

import notifiers

ACCESS = {"team_server": os.environ["ROOT"], "token": os.environ["ADMIN_TOKEN"]}
hipchat = notifiers.get_notifier("hipchat")

rooms = hipchat.rooms(**ACCESS, start=0, max_results=10, private=True, archived=True)
assert [room["name"] for room in rooms["items"]] == ["Dev Ops", "Secret"]
assert (
    len(hipchat.users(**ACCESS, guests=True, deleted=True, max_results=2)["items"]) == 2
)
note = {"id": "1", "message": "note", "color": "purple", "notify": True, "from": "me"}
assert hipchat.notify(**ACCESS, room="1", message_format="text", **note).ok
assert hipchat.notify(**ACCESS, user="@JaneDoe", id="2", message="a word").ok
card = {
    "style": "application",
    "title": "A card",
    "format": "medium",
    "description": {"value": "about it", "format": "html"},
    "attributes": [
        {"label": "state", "value": {"label": "bad", "style": "lozenge-error"}}
    ],
}
# The schema wants the card's id outside the card, where HipChat did not look.
answer = hipchat.notify(**ACCESS, room="1", id="3", message="carded", card=card)
assert not answer.ok
answer = hipchat.notify(**{**ACCESS, "token": "wrong"}, room="1", id="4", message="x")
assert "Invalid OAuth session" in str(answer.errors), answer.errors
