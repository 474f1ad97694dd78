"""A room's glances on its page, and what a browser asks the server for about them."""

from __future__ import annotations

import json
import re

import pytest

from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.services.addons.making import ICON
from tests.unit.server.services.addons.scene import Shown

every = pytest.mark.parametrize

QUERY = "https://q.example/glance"


@pytest.fixture
def scene(site: Site) -> Shown:
    return Shown(site)


def visit(scene: Shown, name: str = "bob") -> Visitor:
    visitor = Visitor(scene.site)
    visitor.take_session(name)
    return visitor


def glances_of(page: str) -> str:
    """Return the glances of a room's page, in one line."""
    found = re.search(r'<div class="glances".*?</div>', page, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", found.group())


def test_a_room_shows_its_glances_with_what_was_pushed(scene: Shown) -> None:
    scene.put("k", name={"value": "Builds <1>"})
    lozenge = {"type": "lozenge", "value": {"type": "error", "label": "<down>"}}
    scene.push("k", label="<b>3</b> open<script>alert(1)</script>", status=lozenge)

    answer = visit(scene).get(f"/rooms/{scene.ops}")

    shown = glances_of(answer.text)
    assert 'aria-label="Build bot"' in shown
    assert '<bdi class="name">Builds &lt;1&gt;</bdi>' in shown
    assert '<bdi class="label"><b>3</b> open</bdi>' in shown
    assert '<bdi class="lozenge lozenge-error">&lt;down&gt;</bdi>' in shown
    assert f'data-url="{ICON["url"]}"' in shown
    assert "alert" not in shown
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' https://a.example;" in policy
    assert "connect-src 'self';" in policy


def test_the_policy_names_the_servers_that_are_asked(scene: Shown) -> None:
    scene.put("k", queryUrl=QUERY)
    other = scene.site.add_room("Other")
    scene.put("there", room=other, queryUrl="https://elsewhere.example/")
    scene.put(
        "hidden",
        queryUrl="https://hidden.example/",
        conditions=[{"condition": "user_is_admin"}],
    )
    visitor = visit(scene)

    policy = visitor.get(f"/rooms/{scene.ops}").headers["content-security-policy"]
    assert "connect-src 'self' https://q.example;" in policy
    assert "elsewhere" not in policy
    assert "hidden" not in policy
    for path in ("/chats", f"/rooms/{scene.ops}/glances"):
        policy = visitor.get(path).headers["content-security-policy"]
        assert "connect-src 'self';" in policy


def test_a_room_without_glances_shows_no_place_for_them(scene: Shown) -> None:
    page = visit(scene).get(f"/rooms/{scene.ops}").text

    assert "hidden>" in glances_of(page)


def test_glances_are_fetched_again_as_they_are(scene: Shown) -> None:
    scene.put("k")
    visitor = visit(scene)
    scene.push("k", label="later")

    part = visitor.get(f"/rooms/{scene.ops}/glances").text

    assert "<ul" in part
    assert "later" in part
    assert "<html" not in part


def test_an_icon_that_is_a_script_is_not_shown(scene: Shown) -> None:
    icon = {"url": "javascript:alert(1)", "url@2x": "data:text/html,x"}
    scene.put("k", icon=icon)

    answer = visit(scene).get(f"/rooms/{scene.ops}")

    assert "data-url" not in glances_of(answer.text)
    assert "alert(1)" not in answer.text
    assert "alert" not in answer.headers["content-security-policy"]


def test_a_target_is_a_link_to_its_page(scene: Shown) -> None:
    panel = scene.put("panel", "webPanel")
    page = scene.put("page", "externalPage")
    scene.put("one", target="panel")
    scene.put("two", target="page")

    shown = glances_of(visit(scene).get(f"/rooms/{scene.ops}").text)

    assert f'href="/modules/{panel}?room={scene.ops}">' in shown
    assert (
        f'href="/modules/{page}?room={scene.ops}" target="_blank"'
        ' rel="noopener noreferrer">' in shown
    )


def test_the_browser_gets_a_signed_address(scene: Shown) -> None:
    glance = scene.put("k", queryUrl=QUERY)

    answer = visit(scene).get(f"/rooms/{scene.ops}/glances/{glance}/address")

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    address = json.loads(answer.text)["url"]
    assert address.startswith(f"{QUERY}?signed_request=ey")


def test_strangers_get_no_address(scene: Shown) -> None:
    glance = scene.put("k", queryUrl=QUERY)
    secret = scene.site.add_room("Secret", is_private=True)
    stranger = Visitor(scene.site)
    path = f"/rooms/{scene.ops}/glances/{glance}/address"

    assert stranger.get(path).status == 303
    assert visit(scene).get(path).status == 200
    assert visit(scene, "gil").get(path).status == 200
    for name in ("bob", "gil"):
        hidden = f"/rooms/{secret}/glances/{glance}"
        for target in (f"{hidden}/address", f"/rooms/{secret}/glances"):
            answer = visit(scene, name).get(target)
            assert answer.status in (403, 404)
            assert "signed_request" not in answer.text
    assert visit(scene).get(f"/rooms/{scene.ops}/glances/999/address").status == 404
    assert visit(scene).get(f"/rooms/{scene.ops}/glances/x/address").status == 400


def test_whether_a_glance_is_shown_depends_on_its_metadata(scene: Shown) -> None:
    test = {"attr": "count", "eq": 3}
    conditions = [{"condition": "glance_matches", "params": {"metadata": [test]}}]
    glance = scene.put("k", queryUrl=QUERY, conditions=conditions)
    visitor, path = visit(scene), f"/rooms/{scene.ops}/glances/{glance}/shown"

    for metadata, expected in (('{"count": 3}', True), ('{"count": 4}', False)):
        answer = visitor.send(path, {"metadata": metadata})
        assert json.loads(answer.text) == {"shown": expected}
    assert json.loads(visitor.send(path, {"metadata": ""}).text) == {"shown": False}
    shown = glances_of(visitor.get(f"/rooms/{scene.ops}").text)
    assert "data-asked data-depends hidden>" in shown


@every(
    "metadata",
    ["[1]", "x", "null", "1", '{"a":', "[" * 60_000, '"' + "x" * 70_000 + '"'],
)
def test_metadata_that_is_no_object_is_an_error(scene: Shown, metadata: str) -> None:
    glance = scene.put("k", queryUrl=QUERY)
    path = f"/rooms/{scene.ops}/glances/{glance}/shown"

    assert visit(scene).send(path, {"metadata": metadata}).status == 400


def test_guests_of_a_room_without_an_account_see_no_glances(scene: Shown) -> None:
    scene.put("k")
    room = scene.site.post("/v2/room", {"name": "Open", "guest_access": True}).json
    shown = scene.site.get(f"/v2/room/{room['id']}").json

    answer = Visitor(scene.site).get(shown["guest_access_url"])

    assert answer.status == 200
    assert "glance" not in answer.text
