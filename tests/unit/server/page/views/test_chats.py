"""Private chats: for the two whom they belong to, and for nobody else."""

from __future__ import annotations

import re

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.test_history import texts
from tests.unit.server.page.visitor import Visitor

SCRIPT = "<script>x()</script>"


def user_id(site: Site, name: str) -> int:
    return int(site.get(f"/v2/user/@{name}").json["id"])


def say(site: Site, by: str, to: str, text: str) -> None:
    token = site.add_token(user=user_id(site, by))
    sent = site.post(f"/v2/user/@{to}/message", {"message": text}, token=token)
    assert sent.status == 204


@pytest.fixture
def bob(sign_in: MakeVisitor) -> Visitor:
    """Another member of the group, signed in."""
    return sign_in("bob")


def test_both_see_their_private_chat(site: Site, ann: Visitor, bob: Visitor) -> None:
    anns, bobs = user_id(site, "ann"), user_id(site, "bob")

    answer = ann.fill(
        f"/chats/{bobs}", f"/chats/{bobs}/messages", message=" Hi\r\nBob "
    )
    bob.fill(f"/chats/{anns}", f"/chats/{anns}/messages", message="Hi Ann")

    assert answer.location == f"/chats/{bobs}"
    for visitor, other in ((ann, bobs), (bob, anns)):
        page = visitor.get(f"/chats/{other}").text
        assert page.index("Hi\nBob") < page.index("Hi Ann")


def test_nobody_else_sees_or_finds_it_not_even_administrators(
    site: Site, ann: Visitor, bob: Visitor, root: Visitor, sign_in: MakeVisitor
) -> None:
    anns, bobs = user_id(site, "ann"), user_id(site, "bob")
    ann.send(f"/chats/{bobs}/messages", {"message": "message 77 harbour"})
    (message,) = re.findall(r'id="m-([^"]+)"', ann.get(f"/chats/{bobs}").text)
    bob.send(f"/chats/{anns}/messages", {"message": "harbour"})

    for other in (root, sign_in("eve")):
        for person in (anns, bobs):
            page = other.get(f"/chats/{person}").text
            assert texts(page) == []
            assert "No messages yet" in page
            assert other.get(f"/chats/{person}?at={message}").status == 404
            found = other.get(f"/search?chat={person}&q=harbour").text
            assert "<mark>" not in found
            assert "before=" not in other.get(f"/chats/{person}/history").text
        assert "<time" not in other.get("/chats").text
        assert "<mark>" not in other.get("/search?q=harbour").text
        assert other.get(f"/rooms/{bobs}?at={message}").status == 404


def test_a_private_chat_is_found_by_its_two_in_its_own_search_only(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    anns, bobs = user_id(site, "ann"), user_id(site, "bob")
    for number in range(60):
        say(site, "ann", "bob", f"harbour {number}")

    for visitor, other in ((ann, bobs), (bob, anns)):
        first = visitor.get(f"/search?chat={other}&q=harbour").text
        assert first.count("<mark>") == 50
        assert f'href="/chats/{other}?at=' in first
        address = first.partition('class="button" href="')[2].partition('"')[0]
        older = visitor.get(address.replace("&amp;", "&")).text
        assert older.count("<mark>") == 10
    assert "<mark>" not in ann.get("/search?q=harbour").text


def test_the_latest_private_chats_come_first_and_empty_ones_are_not_listed(
    site: Site, ann: Visitor, bob: Visitor, sign_in: MakeVisitor
) -> None:
    sign_in("eve"), sign_in("zoe")
    say(site, "ann", "eve", "first")
    say(site, "zoe", "ann", "second")
    ann.get(f"/chats/{user_id(site, 'bob')}")

    listed = ann.get("/chats").text.partition("Begin a private chat")[0]

    assert re.findall(r"<bdi>(\w+)</bdi></a>", listed.partition("</nav>")[2]) == [
        "zoe",
        "eve",
    ]


def test_people_are_found_by_a_part_of_their_name(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    site.add_user("Gus Guest", mention_name="gus", is_guest=True)
    gone = site.add_user("Bobby Gone", mention_name="bobby")
    assert site.delete(f"/v2/user/{gone}").status == 204

    everybody = ann.get("/chats").text
    found = ann.get("/chats?q=@BO").text

    assert f'href="/chats/{user_id(site, "ann")}"' not in everybody
    assert ">Administrator<" in everybody
    assert "@bob<" in found
    assert not {"Administrator", "@gus", "Bobby"} & set(re.findall(r"[@\w]+", found))


def test_people_in_a_room_lead_to_a_private_chat(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    room = site.add_room("Ops")
    for visitor in (ann, bob):
        visitor.send(f"/rooms/{room}/messages", {"message": "here"})

    page = ann.get(f"/rooms/{room}").text

    assert f'href="/chats/{user_id(site, "bob")}"' in page
    assert f'href="/chats/{user_id(site, "ann")}"' not in page


@pytest.mark.parametrize("path", ["", "/2", "/2/history"])
def test_guests_have_no_private_chats(sign_in: MakeVisitor, path: str) -> None:
    gus = sign_in("gus", is_guest=True)

    assert gus.get(f"/chats{path}").status == 403
    assert gus.send("/chats/2/messages", {"message": "hi"}).status == 403


def test_a_guest_sees_no_link_to_a_private_chat(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    gus = sign_in("gus", is_guest=True)
    room = site.add_room("Ops")
    assert site.put(f"/v2/room/{room}/member/@gus").status == 204
    for visitor in (ann, gus):
        visitor.send(f"/rooms/{room}/messages", {"message": "here"})

    assert "/chats" not in gus.get(f"/rooms/{room}").text
    assert 'href="/chats"' in ann.get(f"/rooms/{room}").text
    assert f"/chats/{user_id(site, 'gus')}" not in ann.get(f"/rooms/{room}").text


def test_no_chat_begins_with_a_guest_a_stranger_or_a_deleted_user(
    site: Site, ann: Visitor
) -> None:
    guest = site.add_user("Gus", is_guest=True)
    gone = site.add_user("Gone")
    assert site.delete(f"/v2/user/{gone}").status == 204

    for other in (guest, gone, 999, 10**17):
        assert ann.get(f"/chats/{other}").status == 404
        assert ann.get(f"/search?chat={other}&q=a").status == 404
    assert ann.get("/chats/x").status == 400
    assert ann.get("/chats/" + "9" * 30).status == 400


def test_the_chat_with_a_deleted_user_is_readable_and_not_writable(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    bobs = user_id(site, "bob")
    say(site, "bob", "ann", "message 1")
    assert site.delete(f"/v2/user/{bobs}").status == 204

    page = ann.get(f"/chats/{bobs}").text
    sent = ann.send(f"/chats/{bobs}/messages", {"message": "message 2"})

    assert texts(page) == ["message 1"]
    assert "<textarea" not in page
    assert sent.status == 404
    assert texts(ann.get(f"/chats/{bobs}").text) == ["message 1"]


def test_a_form_of_another_site_sends_no_private_message(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    bobs = user_id(site, "bob")

    answer = ann.send(
        f"/chats/{bobs}/messages", {"message": "Hi"}, origin="http://evil.test"
    )

    assert answer.status == 403
    assert "No messages yet" in ann.get(f"/chats/{bobs}").text


def test_names_and_titles_are_never_read_as_html(site: Site, ann: Visitor) -> None:
    eve = site.add_user(SCRIPT, mention_name="eve", title=SCRIPT)
    say(site, "eve", "ann", SCRIPT)

    for path in ("/chats", f"/chats/{eve}", f"/search?chat={eve}&q=x"):
        page = ann.get(path).text
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_a_message_that_is_too_long_is_refused(
    site: Site, ann: Visitor, bob: Visitor
) -> None:
    bobs = user_id(site, "bob")

    answer = ann.send(f"/chats/{bobs}/messages", {"message": "x" * 32_769})

    assert answer.status == 400
    assert "No messages yet" in ann.get(f"/chats/{bobs}").text
