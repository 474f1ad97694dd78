"""The page of a module, and the way to an external page."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.installations import InstallationRecord
from tests.unit.server.asgi import Site
from tests.unit.server.page.visitor import Visitor
from tests.unit.server.services.addons.scene import Shown

every = pytest.mark.parametrize


@pytest.fixture
def scene(site: Site) -> Shown:
    return Shown(site)


def visit(scene: Shown, name: str = "bob") -> Visitor:
    visitor = Visitor(scene.site)
    visitor.take_session(name)
    return visitor


def install(scene: Shown, **members: object) -> None:
    """Store an installation of the add-on, whose descriptor has some more members."""
    descriptor = {"key": "bot", "name": "Build bot", "description": "", **members}

    async def command(stores: Stores) -> None:
        installation = InstallationRecord(
            client_id=scene.client.id,
            group_id=1,
            room_id=None,
            addon_key="bot",
            name="Build bot",
            descriptor=msgspec.json.encode(descriptor).decode(),
            descriptor_url="https://a.example/",
            state="installed",
            installed_by=None,
            root="",
            created_us=1,
            updated_us=1,
        )
        await stores.installations.add(installation)

    asyncio.run(scene.site.server.database.write(command))


@every(
    ("kind", "words", "title"),
    [
        ("webPanel", "a web panel", "Panel"),
        ("dialog", "a dialog", "Ask"),
        ("action", "an action", "Act"),
        ("glance", "a glance", "Builds"),
    ],
)
def test_what_the_page_does_not_show_says_what_it_needs(
    scene: Shown, kind: str, words: str, title: str
) -> None:
    module = scene.put("k", kind)

    answer = visit(scene).get(f"/modules/{module}?room={scene.ops}")

    assert answer.status == 200
    assert f"<h1><bdi>{title}</bdi></h1>" in answer.text
    assert f"This is {words} of the add-on <bdi>Build bot</bdi>." in answer.text
    assert "needs a HipChat client" in answer.text
    assert f'href="/rooms/{scene.ops}"' in answer.text


@every(
    ("members", "address"),
    [
        (
            {
                "links": {
                    "self": "https://a.example/",
                    "homepage": "https://h.example",
                },
                "vendor": {"name": "V", "url": "https://v.example"},
            },
            "https://h.example",
        ),
        (
            {
                "links": {"self": "https://a.example/", "homepage": "javascript:0"},
                "vendor": {"name": "V", "url": "https://v.example"},
            },
            "https://v.example",
        ),
        ({"links": {"self": "https://a.example/"}}, None),
    ],
)
def test_it_links_to_the_add_on_s_page(
    scene: Shown, members: dict[str, object], address: str | None
) -> None:
    module = scene.put("k", "webPanel")
    install(scene, **members)

    page = visit(scene).get(f"/modules/{module}?room={scene.ops}").text

    assert ("The add-on's page" in page) is (address is not None)
    assert address is None or f'<a href="{address}" rel=' in page
    assert "javascript" not in page


def test_an_external_page_opens_signed(scene: Shown) -> None:
    module = scene.put("k", "externalPage", url="https://a.example/p?x={message.body}")

    answer = visit(scene).get(f"/modules/{module}?room={scene.ops}")

    assert answer.status == 303
    address = answer.headers["location"]
    assert address.startswith("https://a.example/p?x=&signed_request=ey")


def test_a_link_of_an_add_on_leads_there_after_signing_in(scene: Shown) -> None:
    module = scene.put("k", "webPanel")
    body = {"target": "k", "ttl": 60}
    made = scene.site.post("/v2/addon/link", body, token=scene.token).json
    opened = scene.site.get(f"/v2/addon/link/{made['token']}", token=None)
    path = (opened.header("Location") or "").removeprefix("http://chat.test")
    assert path == f"/modules/{module}"

    stranger = Visitor(scene.site).get(path)

    assert stranger.status == 303
    assert stranger.headers["location"].startswith("/sign-in?next=%2Fmodules%2F")
    assert visit(scene).get(path).status == 200


def test_what_somebody_may_not_see_is_not_there(scene: Shown) -> None:
    secret = scene.site.add_room("Secret", is_private=True)
    hidden = scene.put("k", "webPanel", room=secret, name={"value": "Hidden"})
    everywhere = scene.put("all", "webPanel")

    for name, path, status in (
        ("bob", f"/modules/{hidden}", 404),
        ("bob", f"/modules/{hidden}?room={scene.ops}", 404),
        ("bob", f"/modules/{hidden}?room={secret}", 403),
        ("gil", f"/modules/{everywhere}", 404),
        ("gil", f"/modules/{everywhere}?room={scene.ops}", 200),
        ("bob", "/modules/999", 404),
        ("bob", "/modules/x", 400),
        ("bob", f"/modules/{everywhere}?room=x", 400),
    ):
        answer = visit(scene, name).get(path)
        assert answer.status == status, path
        assert "Hidden" not in answer.text
