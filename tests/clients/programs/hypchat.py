"""Everything that HypChat offers: it is the widest of the Python libraries."""

import datetime
import os

from hypchat import HypChat
from hypchat.requests import HttpBadRequest, HttpNotFound, HttpUnauthorized

hipchat = HypChat(os.environ["ADMIN_TOKEN"], os.environ["ROOT"])
LONG_AFTER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


def refused(error, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except error:
        return
    raise AssertionError(f"{call} was not refused")


# What is there.
assert hipchat.capabilities()["links"]["self"].endswith("/v2/capabilities")
assert hipchat.fromurl(os.environ["ROOT"] + "/v2/capabilities")["name"]
assert [one["shortcut"] for one in hipchat.emoticons().contents()] == ["party"]
assert hipchat.get_emoticon("party")["id"] == 1
refused(HttpNotFound, hipchat.get_emoticon, "nothing")
rooms = hipchat.rooms()
assert [room["name"] for room in rooms.contents()] == ["Dev Ops", "Secret"]
pages = hipchat.rooms(max_results=1, expand="items").contents(expand=True)
assert [room["owner"]["name"] for room in pages] == ["Jane Doe", "Jane Doe"]

# Rooms.
made = hipchat.create_room("Hyp Room")
refused(HttpBadRequest, hipchat.create_room, "Hyp Room")
rooms.create("Hyp Two", owner={"id": 2}, privacy="private", guest_access=False)
hipchat.create_room("Hyp Three", owner=None)
room = hipchat.get_room("Hyp Room")
assert (room["id"], room.owner["name"]) == (made["id"], "Administrator")
assert room["created"].tzinfo
assert not room["last_active"]

# Messages.
room.message("hello")
room.notification("<b>note</b>", color="red", notify=True)
room.notification("@JaneDoe look")
room.notification("plain", format="text")
room.topic("first topic")
history = room.history()
said = [entry["message"] for entry in history["items"]]
assert said[:4] == ["hello", "<b>note</b>", "@JaneDoe look", "plain"], said
assert history["items"][2]["mentions"][0]["mention_name"] == "JaneDoe"
assert history["items"][0]["date"].tzinfo
first = history["items"][0]["id"]
room.reply("an answer", first)
assert [entry["id"] for entry in room.latest(maxResults=1)["items"]] != [first]
assert room.latest(not_before=first)["items"][0]["id"] == first
assert len(list(room.history(LONG_AFTER, maxResults=2).contents())) == 6
room.invite({"id": 3}, "please come")

# Everything about a room.
room = hipchat.get_room("Hyp Room", expand="statistics")
assert room["last_active"].tzinfo
assert room["statistics"]["messages_sent"] == 6
assert [one["name"] for one in room.participants()["items"]] == ["Administrator"]
assert room.participants(expand="items")["items"][0]["email"] == "admin@example.com"
hook = room.create_webhook("https://example.com/hook", "room_message", "^/hyp", "hyp")
assert [one["id"] for one in room.webhooks().contents()] == [hook["id"]]
assert hipchat.fromurl(hook.url)["pattern"] == "^/hyp"
hipchat.fromurl(hook.url).delete()
room.create_webhook("https://example.com/kept", "room_enter")
room["topic"], room["name"] = "saved topic", "Hyp Room Renamed"
room.save()

# Members of a private room.
members = hipchat.get_room("Hyp Two").members()
assert [one["name"] for one in members.contents(expand=True)] == ["Jane Doe"]
members.add({"id": 3})
assert len(hipchat.get_room("Hyp Two").members(expand="items")["items"]) == 2
members.remove({"id": 3})
members.add({"id": 1})

# People.
people = hipchat.users()
assert len(hipchat.users(expand="items", guests=True, deleted=True)["items"]) == 3
hipchat.create_user("New Guy", "new@example.com")
hipchat.create_user(
    "Other Guy", "other@example.com", "T", "other", False, "UTC", "abc12345"
)
people.create("Third Guy", "third@example.com")
user = hipchat.get_user("@other")
assert user["email"] == "other@example.com"
assert user["created"].tzinfo
user.message("psst", notify=True)
user.message("<i>psst</i>", message_format="html")
assert [one["message"] for one in user.history()["items"]] == ["psst", "<i>psst</i>"]
user["title"] = "Boss"
user.save()
assert hipchat.get_user("other@example.com")["title"] == "Boss"
hipchat.get_user("new@example.com").delete()
refused(HttpNotFound, hipchat.get_user, "new@example.com")
hipchat.get_user("jane@example.com").message("a word")

hipchat.get_room("Hyp Three").delete()
refused(HttpNotFound, hipchat.get_room, "Hyp Three")
hipchat.get_room("Dev Ops").notification("done", color="green")
refused(HttpUnauthorized, HypChat("wrong", os.environ["ROOT"]).rooms)
