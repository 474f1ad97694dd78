from __future__ import annotations

import re
from html import unescape

import pytest

from tests.unit.server.asgi import FORM, Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor


def advice(visitor: Visitor, path: str = "/calls?token=1") -> str:
    """Return what the page says of the newest call."""
    newest = visitor.get(path).text.split("<article", 2)[1]
    found = re.findall(r'<div class="notice">(.*?)</div>', newest, re.DOTALL)
    return read(found[0]).strip() if found else ""


def read(shown: str) -> str:
    """Return what is read of code and commands, without their elements."""
    return unescape(re.sub(r"</?(?:code|p|pre|span)\b[^>]*>", "", shown))


def polled(page: str) -> str:
    """Return the address that an open page asks for newer calls."""
    return unescape(re.findall(r'hx-get="(/calls[^"]*)"', page)[0])


def listed(text: str) -> list[str]:
    """Return the request lines of the calls on a page, the newest first."""
    return re.findall(r'class="head">.*?<code>(.*?)</code>', unescape(text), re.DOTALL)


def test_a_call_is_shown_with_request_and_response_but_without_the_token(
    site: Site, root: Visitor
) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/notification", {"message": "disk full"})

    text = unescape(root.get("/calls?token=1").text)

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
    assert "Add the field message" in advice(root)
    site.send("POST", "/v2/room/Ops/notification", body=b"hello")
    assert "Content-Type: application/json" in advice(root)
    site.get("/v2/room/nowhere")
    assert "No room is called nowhere." in advice(root)
    assert '<a href="/rooms/new">New room</a>' in advice(root)
    site.get("/v2/no/such/thing")
    assert "No operation has this path" in advice(root)
    site.post(f"/v2/room/{room}/notification", {"message": "x"}, token=reader)
    assert "this needs send_notification" in advice(root, "/calls?token=3")
    assert "has view_group" in advice(root, "/calls?token=3")
    site.post("/v2/room/Other/notification", {"message": "x"}, token=room_token)
    assert (
        "valid for the room Ops only, and the program names another one: Other"
        in advice(root, "/calls?token=2")
    )
    site.put("/v2/room/Ops/notification", {"message": "x"})
    assert "send POST." in advice(root)


def test_a_successful_call_says_what_was_left_out(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    card = f"{{'id': '{site.token}', 'style': '<b>'}}"

    site.post("/v2/room/Ops/notification", {"message": "disk full", "card": card})

    assert advice(root) == "The card was left out: it is a text, and no JSON"
    fits_not = f'{{"id": "1", "title": "x", "style": "{site.token}"}}'
    site.post("/v2/room/Ops/notification", {"message": "x", "card": fits_not})
    assert advice(root).startswith(
        "The card was left out: Value '***' for field 'card."
    )


def test_administrators_see_calls_without_a_valid_token_with_advice(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    path = "/calls?token=none"

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
    assert "lacks a scope" in advice(root, "/calls?token=2")
    assert reader not in root.get("/calls?token=2").text


def test_htmx_gets_newer_calls_only(site: Site, root: Visitor) -> None:
    site.get("/v2/room/first")
    page = root.get("/calls?token=1").text
    address = polled(page)

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
    number = int(re.findall(r'href="/calls\?token=(\d+)"', ann.get("/calls").text)[0])

    assert ann.get(f"/calls?token={number}").status == 200
    assert ann.get("/calls?token=1").status == 404
    assert sign_in("bob").get(f"/calls?token={number}").status == 404
    assert (
        sign_in("boss", is_group_admin=True).get(f"/calls?token={number}").status == 200
    )


def test_a_private_chat_is_shown_to_the_tokens_owner_only(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    site.add_user("Bob", mention_name="bob")
    token = site.add_token(user="@ann")
    site.post("/v2/user/@bob/message", {"message": "between us"}, token=token)
    site.get("/v2/user/@bob/history", token=token)
    number = int(re.findall(r'href="/calls\?token=(\d+)"', ann.get("/calls").text)[0])

    assert ann.get(f"/calls?token={number}").text.count("between us") == 2
    seen = root.get(f"/calls?token={number}")
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

    text = root.get("/calls?token=1").text

    assert "<script>1" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;1" in text


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"hypchat/0.21 (Linux)", "hypchat/0.21 (Linux)"),
        (b"<b>curl</b>\x9b8.5", "&lt;b&gt;curl&lt;/b&gt; 8.5"),
        (b"bot auth_token=s3cr3t-v4lue", "bot auth_token***"),
        (b"x" * 5000, "x" * 99 + "…"),
    ],
)
def test_a_call_names_the_program_that_made_it(
    site: Site, root: Visitor, sent: bytes, shown: str
) -> None:
    site.send("GET", "/v2/room", headers=[("User-Agent", sent.decode("latin-1"))])

    text = root.get("/calls?token=1").text

    assert f"<span>by <bdi>{shown}</bdi></span>" in text
    assert "s3cr3t-v4lue" not in text


def test_a_call_without_a_program_names_none(site: Site, root: Visitor) -> None:
    site.get("/v2/room")

    assert "<span>by" not in root.get("/calls?token=1").text


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
    shown = unescape(root.get("/calls?token=none").text)
    assert "GET /room/Ops/notification" in shown
    assert site.token not in shown


def test_all_calls_are_in_one_list_failed_ones_with_their_advice(
    site: Site, root: Visitor
) -> None:
    site.add_room("Ops")
    site.get("/v2/room/Ops")
    site.get("/v2/room/Nowhere")
    site.get("/v2/room/Ops", token="x" * 40)

    page = root.get("/calls").text

    assert listed(page) == [
        "GET /v2/room/Ops",
        "GET /v2/room/Nowhere",
        "GET /v2/room/Ops",
    ]
    articles = page.split("<article")[1:]
    assert ["card call failed" in one for one in articles] == [True, True, False]
    # What to change is said outside of what has to be opened.
    closed = [
        re.sub(r"<details>.*?</details>", "", one, flags=re.S) for one in articles
    ]
    assert "The token is unknown" in closed[0]
    assert "No room is called <code>Nowhere</code>." in closed[1]
    assert re.findall(r"All <b>(\d+)</b>", page) == ["3"]
    assert re.findall(r"Failed <b>(\d+)</b>", page) == ["2"]


def test_filters_combine_and_are_in_the_address(site: Site, root: Visitor) -> None:
    site.add_room("Ops")
    peer = "10.0.0.7"
    site.get("/v2/room/Ops", peer=peer)
    site.get("/v2/room/Nowhere?a", peer=peer)
    site.get("/v2/user/Nobody?b", peer=peer)
    site.get("/v2/room/Nowhere?c")
    site.get("/v2/room/Nowhere?d", peer=peer, token=None)
    site.get("/v2/room/Ops?e", headers=[("X-Request-Id", "deploy-7")])

    def found(query: str) -> str:
        return "".join(line[-1] for line in listed(root.get(f"/calls?{query}").text))

    assert found("") == "edcbas"
    assert found("failed=1") == "dcba"
    assert found("token=1") == "ecbas"
    assert found("token=none") == "d"
    assert found("operation=get_room") == "edcas"
    assert found(f"peer={peer}") == "dbas"
    assert found("request=deploy-7") == "e"
    assert found(f"failed=1&token=1&operation=get_room&peer={peer}") == "a"
    assert found("failed=1&request=deploy-7") == ""
    assert found("peer=+10.0.0.7+") == "dbas"


def test_each_filter_offers_what_the_others_leave(site: Site, root: Visitor) -> None:
    site.get("/v2/room")
    site.get("/v2/user")
    site.get("/v2/capabilities", peer="10.0.0.7", token=None)

    def offered(query: str) -> list[str]:
        page = root.get(f"/calls?{query}").text
        found = page.split('name="operation"')[1].split("</select>")[0]
        return re.findall(r"<option(?: selected)?>([^<]+)<", found)

    every = ["get_all_rooms", "get_all_users", "get_capabilities"]
    assert offered("") == every
    assert offered("operation=get_all_rooms") == every
    assert offered("peer=10.0.0.7") == ["get_capabilities"]
    assert offered("peer=10.0.0.7&operation=get_room") == [
        "get_capabilities",
        "get_room",
    ]


def test_a_live_page_keeps_its_filters(site: Site, root: Visitor) -> None:
    site.get("/v2/room/Nowhere")
    address = polled(root.get("/calls?failed=1&operation=get_room&token=1").text)

    site.get("/v2/room")
    site.get("/v2/user/nobody")
    nothing = root.get(address, hx_request="true")
    site.get("/v2/room/Elsewhere")
    new = root.get(address, hx_request="true").text

    assert nothing.status == 204
    assert listed(new) == ["GET /v2/room/Elsewhere"]
    assert re.findall(r"Failed <b>(\d+)</b>", new) == ["2"]
    assert polled(new) != address
    assert root.get(polled(new), hx_request="true").status == 204


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("token=1", 404),
        ("token=99", 404),
        ("token=none", 403),
        ("token=x", 400),
        ("token=-1", 400),
        ("token=" + "9" * 19, 400),
        ("before=x", 400),
        ("operation=%3Cb%3E&peer=%22&request=%27", 200),
        ("failed=2&before=0&unknown=1", 200),
    ],
)
def test_what_one_may_not_see_is_no_filter(
    site: Site, ann: Visitor, query: str, status: int
) -> None:
    site.get("/v2/room")
    site.get("/v2/room", token=None)

    for extra in ({}, {"hx_request": "true"}):
        shown = ann.get(f"/calls?{query}", **extra)
        # htmx asks for newer calls, of which there are none.
        is_newer = extra and not query.startswith("token")
        assert shown.status == (204 if is_newer else status)
        assert "<b>1</b>" not in shown.text
        assert "<b>%22" not in shown.text


def test_strangers_and_guests_see_no_calls(
    site: Site, visitor: Visitor, sign_in: MakeVisitor
) -> None:
    site.get("/v2/room")
    guest = sign_in("gil", is_guest=True)

    for path in ("/calls", "/calls?token=none", "/calls?token=1", "/calls/tokens"):
        assert visitor.get(path).location is not None
        assert guest.get(path).status == 403


def test_older_calls_have_pages_of_their_own(site: Site, root: Visitor) -> None:
    for number in range(55):
        site.get(f"/v2/room/Nowhere?n={number}")

    page = root.get("/calls?failed=1").text
    (older,) = re.findall(r'href="(/calls[^"]*before=\d+)"', page)
    second = root.get(unescape(older)).text

    assert len(listed(page)) == 50
    assert [line[-2:] for line in listed(second)] == ["=4", "=3", "=2", "=1", "=0"]
    assert 'hx-get="/calls' not in second
    assert "before=" not in second


def test_a_call_leads_to_its_token_room_and_message(site: Site, root: Visitor) -> None:
    room = site.add_room("Ops <b>")
    token = site.add_token(user="@root", name="Builds <i>")
    sent = site.post(
        f"/v2/room/{room}/message", {"message": "disk <u> full"}, token=token
    )

    page = root.get("/calls").text

    assert '<a href="/calls?token=2"><bdi>Builds &lt;i&gt;</bdi></a>' in page
    assert f'<a href="/rooms/{room}"><bdi>Ops &lt;b&gt;</bdi></a>' in page
    assert (
        f'<a href="/rooms/{room}?at={sent.json["id"]}"><bdi>disk &lt;u&gt; full</bdi></a>'
        in page
    )


def test_of_a_private_chat_the_list_shows_no_beginning(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    site.add_user("Bob", mention_name="bob", password=None)
    token = site.add_token(user="@ann")
    site.post("/v2/user/@bob/message", {"message": "between us"}, token=token)

    own, other = ann.get("/calls").text, root.get("/calls").text

    assert "between us" not in re.sub(r"<details>.*?</details>", "", own, flags=re.S)
    assert "between us" in own
    assert "between us" not in other
    assert listed(own) == listed(other) == ["POST /v2/user/@bob/message"]


def test_a_call_of_a_private_room_shows_others_no_room_and_no_message(
    site: Site, ann: Visitor
) -> None:
    site.add_room("Hidden", is_private=True)
    token = site.add_token(user="@ann")
    site.put("/v2/room/Hidden/member/@ann", {"room_roles": ["room_member"]})
    site.post("/v2/room/Hidden/notification", {"message": "disk full"}, token=token)
    before = ann.get("/calls").text
    site.delete("/v2/room/Hidden/member/@ann")

    after = ann.get("/calls").text

    assert "<bdi>disk full</bdi>" in before
    assert "<bdi>disk full</bdi>" not in after
    assert "<bdi>Hidden</bdi>" not in after


def test_a_call_to_no_operation_says_that_its_token_was_not_checked(
    site: Site, root: Visitor
) -> None:
    site.post("/room/Ops/notification", {"message": "x"})
    page = root.get("/calls?token=none").text

    assert ">Token not checked</a>" in page
    assert ">Without a valid token</a>" not in page


def test_who_has_no_calls_yet_sees_what_to_do_next(
    site: Site, ann: Visitor, root: Visitor
) -> None:
    for visitor in (ann, root):
        page = visitor.get("/calls").text
        assert "No calls yet" in page
        assert "<code>http://chat.test</code>" in page
        assert 'href="/tokens"' in page
    keeping = "hipkit admin token add --room 'ROOM' --name NAME --value @FILE"
    assert keeping in read(root.get("/calls").text)
    assert "hipkit admin" not in ann.get("/calls").text
    assert "No calls match" in root.get("/calls?peer=10.0.0.9").text


def test_where_a_tokens_calls_once_were_leads_on(root: Visitor) -> None:
    assert root.get("/calls/7").location == "/calls?token=7"
    assert root.get("/calls/without-token").location == "/calls?token=none"
    assert root.get("/calls/x").status == 400


def test_tokens_are_listed_by_their_last_call(site: Site, root: Visitor) -> None:
    site.add_token(name="Quiet")
    site.get("/v2/room", token=site.add_token(name="Busy"))

    page = root.get("/calls/tokens").text

    assert page.index("Busy") < page.index("Tokens without calls") < page.index("Quiet")


def test_a_wrong_value_is_told_in_plain_words(site: Site, root: Visitor) -> None:
    site.add_room("Ops")

    reply = site.post("/v2/room/Ops/notification", {"message": "x", "color": "pink"})
    page = unescape(root.get("/calls").text)
    problem = re.findall(r'<span class="problem">(.*?)</span>', page)[0]

    assert "Value u'pink' for field 'color'" in reply.error["message"]
    assert problem.startswith("Value 'pink' for field 'color' is not one of 'yellow', ")
    # The answer stays as the program got it.
    assert "Value u'pink' for field 'color'" in page


@pytest.mark.parametrize("number", ["old", "unread", "unread form", "v1"])
def test_a_program_that_was_moved_is_seen_to_arrive(
    site: Site, root: Visitor, number: str
) -> None:
    calls = {
        "old": ("POST", "/v3/room/Ops/notification", b"{}", "There is no version v3"),
        "unread": ("POST", "/v2/room/Ops/notification", b"{'message': 1}", "not valid"),
        "unread form": (
            "POST",
            "/v2/room/Ops/notification",
            b"\xe4",
            "send it as UTF-8",
        ),
        "v1": (
            "GET",
            f"/v1/rooms/lst?auth_token={site.token}",
            b"",
            "No operation has this path",
        ),
    }
    method, target, body, advised = calls[number]
    kind = ("Content-Type", "application/json")
    site.add_room("Ops")

    site.send(method, target, body=body, headers=[kind])

    page = unescape(root.get("/calls?failed=1").text)
    assert [line.split()[0] for line in listed(page)] == [method]
    assert target.partition("?")[0] in listed(page)[0]
    assert advised in read(page)
    assert site.token not in page


def test_a_body_that_was_not_read_is_said_to_be_unread(
    site: Site, root: Visitor
) -> None:
    site.send("POST", "/no/api", body=b"a=b", headers=[FORM, ("Content-Length", "3")])
    refused = root.get("/calls?failed=1").text
    site.add_room("Ops")
    site.post("/v2/room/Ops/notification", {"message": "x"})
    read = root.get("/calls?token=1").text

    assert "The body was not read" in refused
    assert "The body was not read" not in read


def test_a_token_in_the_filter_is_named_with_its_id(site: Site, root: Visitor) -> None:
    site.get("/v2/room")

    assert re.search(r'<option value="1">[^<]+, id 1</option>', root.get("/calls").text)


def test_a_header_with_another_scheme_is_advised_on(site: Site, root: Visitor) -> None:
    header = ("Authorization", f"Token {site.token}")

    site.send("GET", "/v2/room", token=None, headers=[header])

    assert "scheme is Token, and HipChat's is Bearer" in advice(root, "/calls")


def test_the_token_of_a_room_that_names_no_room_is_advised_on(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    site.add_room("Alerts", owner="@ann")
    site.add_room("Hidden", is_private=True)
    token = site.add_room_token("Alerts")
    path = "/v2/room/{}/notification"

    site.post(path.format("On%20Call"), {"message": "x"}, token=token)
    assert "No room is called On Call, and" in advice(root, "/calls")
    assert "the room Alerts only" in advice(root, "/calls")
    of_unknown = advice(ann, "/calls")
    site.post(path.format("Hidden"), {"message": "x"}, token=token)
    assert "names another one: Hidden" in advice(root, "/calls")
    # Who does not see a room does not learn here whether it exists.
    assert of_unknown.replace("On Call", "Hidden") == advice(ann, "/calls")


def test_the_owner_of_a_token_is_said_to_be_no_member(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    site.add_room("Secret", is_private=True)
    token = site.add_token(user="@ann")

    site.get("/v2/room/Secret", token=token)

    member = "hipkit admin room member Secret @ann"
    assert member in root.get("/calls").text
    assert "/settings" in root.get("/calls").text
    assert member not in ann.get("/calls").text
    assert "is not a member of it" in advice(ann, "/calls")


def test_calls_of_a_revoked_token_stay_and_say_so(
    site: Site, root: Visitor, ann: Visitor
) -> None:
    token = site.add_token(user="@ann", name="hypchat")
    site.get("/v2/room/Nowhere", token=token)
    before = root.get("/calls").text
    site.delete(f"/v2/oauth/token/{token}", token=token)

    after = root.get("/calls?token=2")

    assert "no longer valid" not in before
    assert "hypchat</bdi></a> (no longer valid)" in after.text
    assert "<strong>no longer valid</strong>" in after.text
    assert "GET /v2/room/Nowhere" in listed(after.text)
    assert "GET /v2/room/Nowhere" in listed(ann.get("/calls").text)
    assert ">hypchat, id 2, no longer valid</option>" in root.get("/calls").text
    assert "hypchat" in root.get("/calls/tokens").text


def test_tokens_are_listed_with_their_calls_and_failures(
    site: Site, root: Visitor
) -> None:
    for path in ("/v2/room", "/v2/room/Nowhere", "/v2/room/Neither"):
        site.get(path)

    row = root.get("/calls/tokens").text.split("<tbody>")[1].split("</tr>")[0]

    assert '<td data-name="Calls">3</td>' in row
    assert '<a class="count" href="/calls?failed=1&amp;token=1">2</a>' in row


def test_code_in_advice_is_shown_as_code_and_nothing_else(
    site: Site, root: Visitor
) -> None:
    site.get("/v2/room/%60%3Cb%3E%60")

    page = root.get("/calls").text

    assert "No room is called <code>&#39;&lt;b&gt;&#39;</code>." in page
    site.get("/v2/room", token="from-the-old-days")
    assert '<span class="whole">--room</span>' in root.get("/calls?token=none").text


def test_neighbours_that_failed_in_the_same_way_are_shown_as_one(
    site: Site, root: Visitor
) -> None:
    for number in range(3):
        site.get("/v2/room/Nowhere", headers=[("X-Request-Id", f"loop-{number}")])
    site.get("/v2/room/Elsewhere")
    site.get("/v2/room/Nowhere")
    for _ in range(2):
        site.get("/v2/room")

    page = root.get("/calls").text

    assert listed(page) == [
        "GET /v2/room",
        "GET /v2/room",
        "GET /v2/room/Nowhere",
        "GET /v2/room/Elsewhere",
        "GET /v2/room/Nowhere",
    ]
    assert re.findall(r">(\d+) times<", page) == ["3"]
    # Each can still be opened.
    assert re.findall(r'href="/calls\?request=(loop-.)"', page) == [
        "loop-2",
        "loop-1",
        "loop-0",
    ]
    assert len(listed(root.get("/calls?request=loop-1").text)) == 1


def test_calls_of_one_request_id_are_all_shown(site: Site, root: Visitor) -> None:
    for _ in range(3):
        site.get("/v2/room/Nowhere", headers=[("X-Request-Id", "cron")])

    assert len(listed(root.get("/calls?request=cron").text)) == 3
    assert len(listed(root.get("/calls").text)) == 1


def test_older_calls_follow_after_those_that_are_shown_as_one(
    site: Site, root: Visitor
) -> None:
    site.get("/v2/room/Elsewhere")
    for _ in range(60):
        site.get("/v2/room/Nowhere")

    page = root.get("/calls?failed=1").text
    (older,) = re.findall(r'href="(/calls[^"]*before=\d+)"', page)
    second = root.get(unescape(older)).text

    assert (len(listed(page)), len(listed(second))) == (1, 2)
    assert re.findall(r">(\d+) times<", page + second) == ["50", "10"]
