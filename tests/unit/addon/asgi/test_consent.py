"""Users allow the add-on to act for them, in their own browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit import StorageError
from hipkit.addon import AddOn
from hipkit.addon.storage import EncryptedStorage, MemoryStorage, new_key
from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import Options, RawResponse, Request
from tests.unit.addon.installations.test_installing import body
from tests.unit.addon.installations.test_verification import NOW, USER, claims, sign
from tests.unit.addon.scripted_hosts import OAUTH_ID, ScriptedHosts

ROOT = "/addons/karma"


class Browser:
    """Somebody's browser, in front of an add-on that a host has installed."""

    def __init__(self, *, user_tokens: bool = True) -> None:
        servers = ScriptedHosts()
        self.host = servers.add()
        self.host.add_client()
        addon = AddOn(
            key="a", name="Karma", scopes=["view_room"], user_tokens=user_tokens
        )
        self.app = addon.asgi(
            base_url=f"https://karma.example.com{ROOT}",
            storage=MemoryStorage(),
            transport=servers.transport,
            now=lambda: NOW,
        )
        self.transport = AsyncMemoryTransport(app=self.app)
        self.cookie = ""

    async def get(
        self, path: str, *, method: str = "GET", content: bytes = b""
    ) -> RawResponse:
        request = Request(
            method=method,
            scheme="https",
            host="karma.example.com",
            port=443,
            target=f"{ROOT}{path}",
            headers=(("Cookie", self.cookie),) if self.cookie else (),
            content=content or None,
        )
        response = await self.transport.send(request, Options())
        if "set-cookie" in response.headers:
            self.cookie = response.headers["set-cookie"].partition(";")[0]
        return response

    async def begin(self, **changed: object) -> Mapping[str, str]:
        """Follow the link to the consent page; return what the host is told."""
        token = sign(claims(context={}, **changed))
        response = await self.get(f"/authorize?signed_request={token}")
        assert response.status == 302, response.body
        query = parse_qs(urlsplit(response.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    made = Browser()
    installed = await made.get("/installable", method="POST", content=body(roomId=...))
    assert installed.status == 200, installed.body
    yield made
    await made.transport.aclose()


async def test_a_user_allows_the_add_on_and_it_acts_for_them(browser: Browser) -> None:
    query = await browser.begin()
    assert query["client_id"] == OAUTH_ID
    assert query["redirect_uri"] == "https://karma.example.com/addons/karma/authorized"
    assert query["scope"] == "view_room"
    (installation,) = await browser.app.installations()
    assert await browser.app.user_client(installation, USER) is None
    browser.host.grants["code"] = {"access_token": "user-1", "refresh_token": "r"}
    browser.host.owners["user-1"] = USER
    response = await browser.get(f"/authorized?code=code&state={query['state']}")
    assert response.status == 200
    assert b"Karma may act for you" in response.body
    client = await browser.app.user_client(installation, USER)
    assert client is not None
    browser.host.has("/v2/room/1", {"id": 1, "name": "Ops"})
    assert (await client.rooms.get_room(1)).name == "Ops"


async def test_the_cookie_is_for_this_add_on_only_and_ends(browser: Browser) -> None:
    token = sign(claims(context={}))
    response = await browser.get(f"/authorize?signed_request={token}")
    _, *attributes = response.headers["set-cookie"].split("; ")
    assert attributes == [
        "Path=/addons/karma",
        "Max-Age=600",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
    ]


@pytest.mark.parametrize(
    "cookie", ["", "hipkit-consent=other", "hipkit-consent=", '="']
)
async def test_another_browser_is_refused(browser: Browser, cookie: str) -> None:
    query = await browser.begin()
    browser.cookie = cookie
    browser.host.grants["code"] = {"access_token": "user-1"}
    response = await browser.get(f"/authorized?code=code&state={query['state']}")
    assert (response.status, b"Begin again" in response.body) == (400, True)
    assert "code" in browser.host.grants


async def test_whoever_refuses_or_fails_sees_a_page(browser: Browser) -> None:
    state = (await browser.begin())["state"]
    response = await browser.get(f"/authorized?error=access_denied&state={state}")
    assert (response.status, b"may not act for you" in response.body) == (403, True)
    state = (await browser.begin())["state"]
    response = await browser.get(f"/authorized?code=unknown&state={state}")
    assert (response.status, b"gave no token" in response.body) == (502, True)


async def test_only_signed_requests_of_people_begin(browser: Browser) -> None:
    assert (await browser.get("/authorize")).status == 401
    token = sign(claims(context={}, sub=...))
    response = await browser.get(f"/authorize?signed_request={token}")
    assert response.status == 400


async def test_an_add_on_without_user_tokens_has_no_such_pages() -> None:
    browser = Browser(user_tokens=False)
    for path in ("/authorize", "/authorized"):
        assert (await browser.get(path)).status == 404
    await browser.transport.aclose()


async def test_a_host_without_consent_page_says_so(browser: Browser) -> None:
    capabilities = browser.host.document["capabilities"]
    assert isinstance(capabilities, dict)
    del capabilities["oauth2Provider"]["authorizationUrl"]
    await browser.get("/installable", method="POST", content=body(roomId=...))
    token = sign(claims(context={}))
    response = await browser.get(f"/authorize?signed_request={token}")
    assert (response.status, b"has no page" in response.body) == (404, True)


async def test_an_add_on_does_not_start_without_the_key_of_its_storage() -> None:
    storage = MemoryStorage()
    encrypted = EncryptedStorage(storage, new_key())
    await encrypted.open()
    app = AddOn(key="a", name="A").asgi(
        base_url="https://karma.example.com", storage=storage
    )
    with pytest.raises(StorageError, match="its key is needed"):
        await app.installations()
