from __future__ import annotations

import pytest

from hipkit.api.catalog import Entry
from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2
from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share
from tests.unit.server.services.senders.sending import OLD, MakeSite, notify, relay_site

MAY = {
    *("create_room", "generate_token", "get_all_emoticons", "get_all_rooms"),
    *("get_all_users", "get_emoticon", "get_room", "get_user", "reply_to_message"),
    *("rooms_create", "rooms_list", "rooms_message", "rooms_message_by_get"),
    *("rooms_show", "rooms_topic", "send_message", "send_privatechat_message"),
    *("send_room_notification", "set_topic", "share_file_with_room"),
    *("share_file_with_user", "share_link_with_room", "share_link_with_user"),
    *("users_list", "users_show"),
}
REFUSED = "Programs that are not set up here"  # what `page/advice/calls.py` looks for


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    opened = relay_site(make_site)
    notify(opened, "Ops")
    return opened


@pytest.mark.parametrize("entry", V2, ids=lambda entry: entry.operation_id)
def test_a_sender_may_post_and_nothing_else(site: Site, entry: Entry) -> None:
    kind = entry.load()
    method, operation_id = entry.method, entry.operation_id
    path = "/".join(
        "1" if part.startswith("{") else part for part in entry.path.split("/")
    )

    reply = site.send(method, f"/v2{path}", json_body={}, token=OLD)

    is_refused = reply.status == 403 and REFUSED in reply.error["message"]
    may = operation_id in MAY or kind.auth == "none" or reply.status == 501
    assert is_refused is not may, (reply.status, reply.body)


@pytest.mark.parametrize("entry", V1, ids=lambda entry: entry.operation_id)
def test_a_sender_may_post_by_version_1_and_nothing_else(
    site: Site, entry: Entry
) -> None:
    path, operation_id = entry.path, entry.operation_id
    method = entry.method

    reply = site.send(method, f"/v1{path}?auth_token={OLD}&room_id=Ops", token=None)

    assert (reply.status == 401) is (operation_id not in MAY), reply.body


def test_a_sender_posts_messages_replies_links_and_files(site: Site) -> None:
    sent = site.post("/v2/room/Ops/message", {"message": "hi"}, token=OLD)
    reply = {"parentMessageId": sent.json["id"], "message": "hi you"}
    assert site.post("/v2/room/Ops/reply", reply, token=OLD).status == 204
    link = {"link": "https://example.com/x"}
    assert site.put("/v2/room/Ops/share/link", link, token=OLD).status == 204
    assert site.put("/v2/user/@Jo/share/link", link, token=OLD).status == 204
    for target in ("/v2/room/Files/share/file", "/v2/user/@Jo/share/file"):
        assert share(site, WEB_CLIENT, target=target, token=OLD).status == 204
    assert [bool(m.get("file")) for m in site.messages("Files")] == [True]
    assert len(site.messages("Ops")) == 4
