"""An add-on and the servers that install it, both hipkit's own, over a transport in memory."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from hipkit import InstallationError, SignatureError, UnauthorizedError
from hipkit.addon.installations.host_policy import HostPolicy
from hipkit.addon.installations.hosts import Hosts
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.installing import Installer
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.installations.user_tokens import UserTokens
from hipkit.addon.installations.verification import (
    check_event,
    verify_request,
    verify_webhook,
)
from hipkit.addon.storage.encryption import EncryptedStorage, new_key
from hipkit.addon.storage.protocol import Storage
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.server.services.access.clients import AddedClient, delete_client
from hipkit.server.services.webhooks.signatures import sign_request
from hipkit.testing import AsyncMemoryTransport
from hipkit.transports.protocol import (
    Options,
    RawResponse,
    Request,
    Sink,
    TransportError,
)
from hipkit.webhooks import read_event
from tests.unit.server.asgi import Site, open_site

SCOPES = ("send_notification", "view_room")
BACK = "https://karma.example.com/authorized"


class Network:
    """A transport that leads to servers in memory by their names, and counts the calls."""

    name = "network"

    def __init__(self, **sites: Site) -> None:
        self.calls: Counter[str] = Counter()
        self._servers = {
            f"{name}.test": AsyncMemoryTransport(app=site.server.api)
            for name, site in sites.items()
        }

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        self.calls[f"{request.method} {request.host}{request.target}"] += 1
        if request.host not in self._servers:
            raise TransportError("connect", "no such server", may_have_arrived=False)
        return await self._servers[request.host].send(request, options, sink)

    async def aclose(self) -> None:
        for each in self._servers.values():
            await each.aclose()


class AddOn:
    """What of an add-on lies beneath its handlers."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.network = network
        self.now = 1_700_000_000.0
        file = SqliteStorage(folder / "add-on.db", durable=False)
        self.use(EncryptedStorage(file, new_key()))

    def use(self, storage: Storage) -> None:
        """Keep everything in a storage."""
        network = self.network
        self.storage = storage
        self.installations = Installations(self.storage)
        self.tokens = Tokens(self.storage, network, now=lambda: self.now)
        self.users = UserTokens(
            self.storage, network, redirect_url=BACK, now=lambda: self.now
        )
        self.installer = Installer(
            self.storage,
            Hosts(self.storage, network, HostPolicy()),
            self.tokens,
            now=lambda: self.now,
        )


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[dict[str, Site]]:
    with ExitStack() as closing:
        opened = {}
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            opened[name] = open_site(tmp_path / name)
            closing.callback(opened[name].server.close)
        yield opened


@pytest.fixture
def addon(tmp_path: Path, sites: dict[str, Site]) -> AddOn:
    return AddOn(tmp_path, Network(**sites))


def post(name: str, client: AddedClient, room_id: int | None = None) -> bytes:
    """Return what a server posts to install an add-on."""
    members = {
        "oauthId": client.id,
        "oauthSecret": client.secret,
        "capabilitiesUrl": f"https://{name}.test/v2/capabilities",
        "groupId": 1,
        "roomId": room_id,
    }
    return json.dumps({k: v for k, v in members.items() if v is not None}).encode()


def webhook(oauth_id: str, *, room_id: int = 7, user_id: int = 1) -> bytes:
    item = {"room": {"id": room_id, "name": "Ops"}, "sender": {"id": user_id}}
    members = {"event": "room_enter", "item": item, "oauth_client_id": oauth_id}
    return json.dumps(members).encode()


def signed(client: AddedClient, *, secret: str | None = None, now: float) -> str:
    """Return a token as the server signs it for a webhook."""
    return sign_request(
        secret or client.secret,
        client_id=client.id,
        user_id=1,
        room_id=7,
        timezone="UTC",
        token_id="abc",
        now_seconds=int(now),
        good_seconds=3600,
    )


def test_the_server_installs_what_it_describes(
    addon: AddOn, sites: dict[str, Site]
) -> None:
    site = sites["one"]
    room_id = site.add_room("Ops")
    client = site.add_client(SCOPES, room=room_id)

    async def install() -> Installation:
        made = await addon.installer.install(post("one", client, room_id))
        await addon.tokens.client(made).rooms.send_room_notification(
            room_id, message="Hello"
        )
        await addon.storage.aclose()
        return made

    made = asyncio.run(install())
    assert made.host == "https://one.test"
    assert made.api_url == "https://one.test/v2"
    assert made.authorization_url == "https://one.test/users/authorize"
    assert (made.group_id, made.room_id, made.scopes) == (1, room_id, SCOPES)
    assert made.group_name
    assert site.messages(room_id)[-1]["message"] == "Hello"
    assert addon.network.calls["POST one.test/v2/oauth/token"] == 1


def test_a_client_that_was_deleted_is_a_removal(
    addon: AddOn, sites: dict[str, Site]
) -> None:
    site = sites["one"]
    client = site.add_client(SCOPES)

    async def install_and_doubt() -> None:
        await addon.installer.install(post("one", client))
        with pytest.raises(InstallationError, match="still installed"):
            await addon.installer.remove(client.id)
        await addon.storage.aclose()

    async def notice() -> None:
        known = await addon.installations.find(client.id)
        assert known is not None
        token = await addon.tokens.get(known)
        with pytest.raises(UnauthorizedError):
            await addon.tokens.get(known, rejected=token)
        gone = await addon.installations.find(client.id)
        assert gone is not None
        assert gone.gone_at == addon.now
        await addon.installer.remove(client.id)
        assert await addon.installations.find(client.id) is None
        await addon.storage.aclose()

    asyncio.run(install_and_doubt())
    asyncio.run(delete_client(site.operator_context(), client.id))
    asyncio.run(notice())


def test_a_user_allows_the_add_on_to_act_for_them(
    addon: AddOn, sites: dict[str, Site]
) -> None:
    site = sites["one"]
    jane, joe = site.add_user("Jane"), site.add_user("Joe")
    client = site.add_client(("view_group",), redirect_uris=[BACK])
    token = sign_request(
        client.secret,
        client_id=client.id,
        user_id=jane,
        room_id=7,
        timezone="UTC",
        token_id="abc",
        now_seconds=int(addon.now),
        good_seconds=3600,
    )

    async def begin() -> str:
        await addon.installer.install(post("one", client))
        request = await verify_request(
            addon.installations, query={"signed_request": token}, now=addon.now
        )
        address = await addon.users.begin(
            request, session="s" * 20, scopes=["view_group"]
        )
        await addon.storage.aclose()
        return parse_qs(urlsplit(address).query)["state"][0]

    async def finish(state: str, code: str) -> str:
        query = {"state": state, "code": code}
        consent = await addon.users.finish(query, session="s" * 20)
        acting = addon.users.client(consent.installation, consent.user_id)
        user = await acting.users.get_user(consent.user_id)
        await addon.storage.aclose()
        return str(user.name)

    state = asyncio.run(begin())
    code = site.authorization_code(client.id, jane, BACK)
    assert asyncio.run(finish(state, code)) == "Jane"

    state = asyncio.run(begin())
    stolen = site.authorization_code(client.id, joe, BACK)
    with pytest.raises(SignatureError, match="another person"):
        asyncio.run(finish(state, stolen))
    asyncio.run(addon.storage.aclose())


def test_two_servers_with_a_hundred_installations_each(
    addon: AddOn, sites: dict[str, Site]
) -> None:
    clients = [
        (name, site.add_client(SCOPES, name=f"Karma {number}"))
        for name, site in sites.items()
        for number in range(100)
    ]

    async def refused(client: AddedClient, token: str, status: int = 401) -> None:
        headers = {"Authorization": f"JWT {token}"}
        with pytest.raises(SignatureError) as caught:
            verify_webhook(headers, webhook(client.id), client.secret, now=addon.now)
        assert caught.value.status == status
        with pytest.raises(SignatureError):
            check_event(
                await verify_request(
                    addon.installations, headers=headers, now=addon.now
                ),
                read_event(webhook(client.id)),
            )

    async def work() -> None:
        made = await asyncio.gather(
            *(addon.installer.install(post(name, client)) for name, client in clients)
        )
        hosts = Counter(each.host for each in made)
        assert hosts == {"https://one.test": 100, "https://two.test": 100}

        # Every one is used by several tasks at once, after its first token has ended too.
        tokens = [await addon.tokens.get(each) for each in made]
        assert len(set(tokens)) == 200
        assert addon.network.calls["POST one.test/v2/oauth/token"] == 100
        assert addon.network.calls["POST two.test/v2/oauth/token"] == 100
        addon.now += 3600
        renewed = await asyncio.gather(
            *(addon.tokens.get(each) for each in made for _ in range(3))
        )
        assert len(set(renewed)) == 200
        assert addon.network.calls["POST one.test/v2/oauth/token"] == 200
        assert addon.network.calls["POST two.test/v2/oauth/token"] == 200

        now = addon.now
        for (_, client), (_, foreign) in zip(
            clients[:20], clients[100:120], strict=True
        ):
            good = {"Authorization": f"JWT {signed(client, now=now)}"}
            verify_webhook(good, webhook(client.id), client.secret, now=now)
            request = await verify_request(
                addon.installations, headers=good, once=True, now=now
            )
            assert request.installation.oauth_id == client.id
            with pytest.raises(SignatureError, match="before"):
                await verify_request(
                    addon.installations, headers=good, once=True, now=now
                )
            head, payload, _ = signed(client, now=now).split(".")
            await refused(client, signed(client, secret="x" * 40, now=now))
            await refused(client, signed(client, secret=foreign.secret, now=now))
            await refused(client, signed(client, now=now - 3700))
            await refused(client, f"{head}.{payload}.")
            await refused(client, f"eyJhbGciOiJub25lIn0.{payload}.")
            # It is genuine, but of the other server's installation.
            await refused(client, signed(foreign, now=now))
        await addon.storage.aclose()

    asyncio.run(work())


def test_twenty_threads_in_two_processes_fetch_each_token_once(
    tmp_path: Path, sites: dict[str, Site]
) -> None:
    network = Network(**sites)
    # Each with connections and locks of its own, as a process has.
    processes = [AddOn(tmp_path, network) for _ in range(2)]
    key = new_key()
    for each in processes:
        each.use(EncryptedStorage(SqliteStorage(tmp_path / "add-on.db"), key))
    posts = [
        post(name, site.add_client(SCOPES, name=f"Karma {number}"))
        for name, site in sites.items()
        for number in range(100)
    ]

    async def install() -> list[Installation]:
        made = [await processes[0].installer.install(each) for each in posts]
        for each in processes:
            each.now += 3600  # The tokens of the installation have ended.
        return made

    made = asyncio.run(install())
    network.calls.clear()
    together = threading.Barrier(20)

    def use(number: int) -> list[str]:
        together.wait()

        async def get() -> list[str]:
            tokens = processes[number % 2].tokens
            return await asyncio.gather(*(tokens.get(each) for each in made))

        return asyncio.run(get())

    with ThreadPoolExecutor(20) as threads:
        found = [tuple(each) for each in threads.map(use, range(20))]

    assert len(set(found)) == 1
    assert len(set(found[0])) == 200
    assert network.calls["POST one.test/v2/oauth/token"] == 100
    assert network.calls["POST two.test/v2/oauth/token"] == 100
    for each in processes:
        asyncio.run(each.storage.aclose())


def test_a_server_cannot_install_over_the_installation_of_another(
    addon: AddOn, sites: dict[str, Site]
) -> None:
    client = sites["one"].add_client(SCOPES)
    # The operator of the other server has learnt id and secret, say.
    copied = sites["two"].add_client(SCOPES, client_id=client.id, secret=client.secret)

    async def work() -> None:
        made = await addon.installer.install(post("one", client))
        with pytest.raises(InstallationError, match="another host") as caught:
            await addon.installer.install(post("two", copied))
        assert caught.value.status == 409
        assert await addon.installations.find_all() == [made]
        assert "GET two.test/v2/capabilities" not in addon.network.calls
        await addon.storage.aclose()

    asyncio.run(work())
