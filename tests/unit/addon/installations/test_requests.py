"""The body of an installation is read in every form that hosts send, and in no other."""

from __future__ import annotations

import msgspec
import pytest

from hipkit import InstallationError
from hipkit.addon.installations.requests import LONGEST_REQUEST, read_install_request
from hipkit.api.secret import Secret
from tests.unit.addon.scripted_hosts import GROUP, OAUTH_ID, ROOM, SECRET

URL = "https://hipchat.test/v2/capabilities"


def body(**changed: object) -> bytes:
    usual: dict[str, object] = {
        "oauthId": OAUTH_ID,
        "oauthSecret": SECRET,
        "capabilitiesUrl": URL,
        "groupId": GROUP,
        "roomId": ROOM,
    }
    members = (usual | changed).items()
    return msgspec.json.encode(
        {name: each for name, each in members if each is not ...}
    )


def test_ids_are_numbers_or_text() -> None:
    for group, room in ((GROUP, ROOM), (str(GROUP), str(ROOM))):
        request = read_install_request(body(groupId=group, roomId=room))
        assert request.oauth_id == OAUTH_ID
        assert request.secret == Secret(SECRET)
        assert request.capabilities_url == URL
        assert (request.group_id, request.room_id) == (GROUP, ROOM)


@pytest.mark.parametrize("left_out", [..., None, ""])
def test_group_room_and_unknown_members_are_optional(left_out: object) -> None:
    request = read_install_request(body(groupId=left_out, roomId=left_out, more=[1]))
    assert (request.group_id, request.room_id) == (None, None)


def test_an_update_has_no_secret() -> None:
    assert read_install_request(body(oauthSecret=...)).secret is None


FAULTS = {
    "nothing": b"",
    "no JSON": b"oauthId=1",
    "a list": b"[]",
    "not UTF-8": b'{"oauthId": "\xff"}',
    "too deep": b"[" * 50_000,
    "too large": body(more="x" * LONGEST_REQUEST),
    "no id": body(oauthId=...),
    "an id that is a number": body(oauthId=5),
    "an empty id": body(oauthId=""),
    "an id with a colon": body(oauthId="a:b"),
    "an id with a slash": body(oauthId="../a"),
    "an id with a line end": body(oauthId="a\n"),
    "a long id": body(oauthId="x" * 101),
    "an empty secret": body(oauthSecret=""),
    "a secret that is a number": body(oauthSecret=5),
    "a secret with a line end": body(oauthSecret="hunter2\n"),
    "a secret that is not ASCII": body(oauthSecret="hünter2"),
    "a long secret": body(oauthSecret="x" * 1001),
    "no address": body(capabilitiesUrl=...),
    "an address that is a list": body(capabilitiesUrl=[URL]),
    "an address of another kind": body(capabilitiesUrl="file:///etc/passwd"),
    "an address with a password": body(capabilitiesUrl="https://a:hunter2@b/"),
    "a room that is a name": body(roomId="Ops"),
    "a room that is true": body(roomId=True),
    "a room that is half": body(roomId=1.5),
    "a room below zero": body(roomId=-1),
    "a room that is none": body(roomId=0),
    "a room too large": body(roomId=str(2**63)),
    "a room with a separator": body(roomId="x" * 5000),
    "a group that is a list": body(groupId=[1]),
}


@pytest.mark.parametrize("text", FAULTS.values(), ids=FAULTS)
def test_another_body_is_refused_without_repeating_it(text: bytes) -> None:
    with pytest.raises(InstallationError, match=r"\.$") as caught:
        read_install_request(text)
    assert caught.value.status == 400
    assert "hunter2" not in str(caught.value)
    assert SECRET not in str(caught.value)
