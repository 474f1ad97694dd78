"""Texts and files from the composer, in rooms and in private chats."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.conftest import MakeVisitor
from tests.unit.server.page.visitor import Visitor

DATA = bytes(range(256)) * 10


def stored(site: Site) -> int:
    folder = site.server.settings.file_folder
    return len([path for path in folder.rglob("*") if path.is_file()])


def test_a_file_is_shared_with_its_text(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    answer = ann.share(f"/rooms/{room}/messages", "a b.bin", DATA, " Look\r\nhere ")

    assert answer.location == f"/rooms/{room}"
    (said,) = site.messages("Ops")
    assert said["message"] == "Look\nhere"
    assert said["from"]["mention_name"] == "ann"
    assert (said["file"]["name"], said["file"]["size"]) == ("a b.bin", len(DATA))
    path = said["file"]["url"].removeprefix(f"http://{site.host}")
    assert site.get(path, token=None).body == DATA
    assert stored(site) == 1


def test_a_file_needs_no_text_and_a_text_no_file(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")
    address = f"/rooms/{room}/messages"

    assert ann.share(address, "a.bin", DATA, hx_request="true").status == 204
    assert ann.share(address, "", b"", "no file").status == 303
    assert ann.share(address, "", b"", "  ").status == 303

    assert [one["message"] for one in site.messages("Ops")] == ["", "no file"]
    assert stored(site) == 1


def test_a_file_in_a_private_chat_is_seen_by_both(
    site: Site, ann: Visitor, sign_in: MakeVisitor
) -> None:
    bob = sign_in("bob")
    anns, bobs = (site.get(f"/v2/user/@{name}").json["id"] for name in ("ann", "bob"))

    answer = ann.share(f"/chats/{bobs}/messages", "plan.txt", DATA, "for you")

    assert answer.location == f"/chats/{bobs}"
    for page in (ann.get(f"/chats/{bobs}"), bob.get(f"/chats/{anns}")):
        assert "plan.txt" in page.text
        assert "for you" in page.text


def test_slash_words_with_a_file_and_in_private_chats_are_posted_as_typed(
    site: Site, ann: Visitor
) -> None:
    room = site.add_room("Ops", topic="Old")
    other = site.add_user("Bob")

    ann.share(f"/rooms/{room}/messages", "a.bin", DATA, "/topic New")
    ann.send(f"/chats/{other}/messages", {"message": "/topic New"})

    assert site.get(f"/v2/room/{room}").json["topic"] == "Old"
    assert site.messages("Ops")[0]["message"] == "/topic New"
    assert "/topic New" in ann.get(f"/chats/{other}").text


def test_a_file_that_is_too_large_is_refused_in_plain_words(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(largest_file_bytes=10_000)
    room = site.add_room("Ops")
    site.add_user("ann", mention_name="ann")
    ann = Visitor(site)
    ann.take_session("ann")

    for size in (10_001, 500_000):
        answer = ann.share(
            f"/rooms/{room}/messages", "a.bin", b"x" * size, hx_request="true"
        )
        assert answer.status == 413
        assert "a file may have 10 KB" in answer.text
    assert site.messages("Ops") == []
    assert stored(site) == 0


@pytest.mark.parametrize("name", ["Plans", "Old", "nowhere"])
def test_nobody_stores_a_file_where_they_may_not_post(
    site: Site, ann: Visitor, name: str
) -> None:
    plans, old = site.add_room("Plans", is_private=True), site.add_room("Old")
    whole = site.get(f"/v2/room/{old}").json
    change = {key: whole[key] for key in ("name", "topic", "privacy", "owner")}
    change |= {"is_archived": True, "is_guest_accessible": False}
    assert site.put(f"/v2/room/{old}", change).status == 204
    number = {"Plans": plans, "Old": old, "nowhere": 999}[name]

    answer = ann.share(f"/rooms/{number}/messages", "a.bin", DATA, "x")

    assert answer.status in (403, 404)
    assert stored(site) == 0


def test_files_of_strangers_guests_and_other_sites_are_refused(
    site: Site, ann: Visitor, visitor: Visitor, sign_in: MakeVisitor
) -> None:
    room, other = site.add_room("Ops"), site.add_user("Bob")
    guest = sign_in("gus", is_guest=True)
    for path in (f"/rooms/{room}/messages", f"/chats/{other}/messages"):
        assert (visitor.share(path, "a", DATA).location or "").startswith("/sign-in")
        assert guest.share(path, "a", DATA).status in (403, 404)
        assert ann.share(path, "a", DATA, origin="http://evil.test").status == 403

    assert site.messages("Ops") == []
    assert stored(site) == 0


def test_a_comment_that_is_too_long_leaves_no_file(site: Site, ann: Visitor) -> None:
    room = site.add_room("Ops")

    answer = ann.share(f"/rooms/{room}/messages", "a", DATA, "x" * 32_769)

    assert answer.status == 400
    assert stored(site) == 0


def test_a_group_without_space_left_refuses_the_file(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(file_quota_bytes=1_000)
    room = site.add_room("Ops")
    site.add_user("ann", mention_name="ann")
    ann = Visitor(site)
    ann.take_session("ann")

    answer = ann.share(f"/rooms/{room}/messages", "a", DATA)

    assert answer.status == 413
    assert stored(site) == 0
