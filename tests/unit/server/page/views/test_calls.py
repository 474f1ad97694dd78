from __future__ import annotations

import re
from html import unescape

from tests.unit.server.asgi import FORM, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor


def advice(visitor: Visitor, path: str = "/calls/1") -> str:
    """Return what the page says of the newest call."""
    newest = visitor.get(path).text.split("<details", 2)[1]
    found = re.findall(r'<p class="notice">(.*?)</p>', newest, re.DOTALL)
    return unescape(found[0]) if found else ""


def test_a_call_is_shown_with_request_and_response_but_without_the_token(
    site: Site, root: Visitor
) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/notification", {"message": "disk full"})

    text = unescape(root.get("/calls/1").text)

    assert "POST /v2/room/Ops/notification" in text
    assert '{"message": "disk full"}' in text
    assert ">204</span>" in text
    assert site.token not in text
    assert advice(root) == ""


def test_each_common_error_has_advice(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops")
    site.add_room("Other")
    room_token = site.add_room_token("Ops")
    reader = site.add_token(scopes=["view_group"])

    site.post("/v2/room/Ops/notification", {"msg": "no message"})
    assert "field is missing" in advice(root)
    site.send("POST", "/v2/room/Ops/notification", body=b"hello")
    assert "Content-Type: application/json" in advice(root)
    site.get("/v2/room/nowhere")
    assert "does not exist" in advice(root)
    site.get("/v2/no/such/thing")
    assert "belongs to no operation" in advice(root)
    site.post(f"/v2/room/{room}/notification", {"message": "x"}, token=reader)
    assert "this needs send_notification" in advice(root, "/calls/3")
    assert "has view_group" in advice(root, "/calls/3")
    site.post("/v2/room/Other/notification", {"message": "x"}, token=room_token)
    assert "valid for one room only" in advice(root, "/calls/2")
    site.put("/v2/room/Ops/notification", {"message": "x"})
    assert "not with this method" in advice(root)


def test_a_successful_call_says_what_was_left_out(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    card = f"{{'id': '{site.token}', 'style': '<b>'}}"

    site.post("/v2/room/Ops/notification", {"message": "disk full", "card": card})

    assert advice(root) == "The card was left out: it is a text, and no JSON"
    fits_not = f'{{"id": "1", "title": "x", "style": "{site.token}"}}'
    site.post("/v2/room/Ops/notification", {"message": "x", "card": fits_not})
    assert advice(root).startswith(
        "The card was left out: Value u'***' for field 'card."
    )


def test_administrators_see_calls_without_a_valid_token_with_advice(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    path = "/calls/without-token"

    site.get("/v2/room", token=None)
    assert "The token is missing" in advice(root, path)
    site.get("/v2/room", token="from-the-old-days")
    assert "unknown to this server" in advice(root, path)
    site.get("/rooms/list", token=None)

    assert ann.get(path).status == 403


def test_errors_of_version_1_have_advice_of_their_own(
    site: Site, root: Visitor
) -> None:
    reader = site.add_token(scopes=["view_group"])
    site.add_room("Ops")
    body = b"room_id=Ops&from=Bot&message=hi&auth_token=" + reader.encode()

    answer = site.send(
        "POST", "/v1/rooms/message", body=body, token=None, headers=[FORM]
    )

    assert answer.status == 401
    assert "lacks a scope" in advice(root, "/calls/2")
    assert reader not in root.get("/calls/2").text


def test_htmx_gets_newer_calls_only(site: Site, root: Visitor) -> None:
    site.get("/v2/room/first")
    page = root.get("/calls/1").text
    address = re.findall(r'hx-get="([^"]+)"', page)[0]

    nothing = root.get(address, hx_request="true")
    site.get("/v2/room/second")
    new = root.get(address, hx_request="true").text

    assert nothing.status == 204
    assert "/v2/room/second" in new
    assert "/v2/room/first" not in new
    assert "<html" not in new


def test_users_see_the_calls_of_their_own_tokens_only(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    token = site.add_token(user="@ann")
    site.get("/v2/room", token=token)
    number = int(re.findall(r'href="/calls/(\d+)"', ann.get("/calls").text)[0])

    assert ann.get(f"/calls/{number}").status == 200
    assert ann.get("/calls/1").status == 404
    assert sign_in("bob").get(f"/calls/{number}").status == 404
    assert sign_in("boss", is_group_admin=True).get(f"/calls/{number}").status == 200


def test_a_private_chat_is_shown_to_the_tokens_owner_only(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    site.add_user("Bob", mention_name="bob")
    token = site.add_token(user="@ann")
    site.post("/v2/user/@bob/message", {"message": "between us"}, token=token)
    site.get("/v2/user/@bob/history", token=token)
    number = int(re.findall(r'href="/calls/(\d+)"', ann.get("/calls").text)[0])

    assert ann.get(f"/calls/{number}").text.count("between us") == 2
    seen = root.get(f"/calls/{number}")
    assert "between us" not in seen.text
    assert "POST /v2/user/@bob/message" in seen.text


def test_room_administrators_see_the_calls_of_its_tokens(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    site.add_room("Mine", owner="@ann")
    token = site.add_room_token("Mine", name="Builds")
    site.post("/v2/room/Mine/notification", {"message": "hi"}, token=token)

    assert "Builds" in ann.get("/calls").text
    assert "Builds" not in sign_in("bob").get("/calls").text


def test_a_call_is_never_shown_as_html(site: Site, root: Visitor) -> None:
    site.post("/v2/room/%3Cb%3E/notification?x=<i>", {"message": "<script>1</script>"})

    text = root.get("/calls/1").text

    assert "<script>1" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;1" in text


def test_a_program_whose_path_lacks_the_version_gets_json(
    site: Site, root: Visitor
) -> None:
    bearer = f"Bearer {site.token}"

    by_header = root.get("/room/Ops/notification", authorization=bearer)
    by_query = root.get(f"/rooms/message?auth_token={site.token}&room_id=1")

    assert (by_header.status, by_query.status) == (404, 404)
    assert "the API is below /v2" in by_header.text
    assert by_header.text.startswith("{")
    assert by_query.text.startswith("{")
    shown = unescape(root.get("/calls/without-token").text)
    assert "GET /room/Ops/notification" in shown
    assert site.token not in shown
