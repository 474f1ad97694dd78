"""Installation, update and removal: what is believed, what is refused, and what is repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import msgspec
import pytest

from hipkit import InstallationError, UnauthorizedError
from hipkit.addon.installations.host_policy import HostPolicy
from hipkit.addon.installations.hosts import Hosts
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.installations.installing import GONE_SECONDS, Installer
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.api.secret import Secret
from hipkit.transports.protocol import RawResponse
from tests.unit.addon.scripted_hosts import (
    GROUP,
    OAUTH_ID,
    ROOM,
    SECRET,
    ScriptedHost,
    ScriptedHosts,
)

NOW = 1_480_000_000.0
OTHER_SECRET = SECRET[::-1]
EVIL = "https://evil.test"


class Site:
    """An add-on, and the servers that may install it."""

    def __init__(
        self,
        *,
        policy: HostPolicy | None = None,
        allow_global: bool = True,
        allow_room: bool = True,
    ) -> None:
        self.servers = ScriptedHosts()
        self.host = self.servers.add()
        self.host.add_client()
        self.now = NOW
        self.storage = MemoryStorage()
        self.installations = Installations(self.storage)
        self.tokens = Tokens(self.storage, self.servers.transport, now=lambda: self.now)
        self.happened: list[tuple[str, str]] = []
        self.installer = Installer(
            self.storage,
            Hosts(self.storage, self.servers.transport, policy or HostPolicy()),
            self.tokens,
            scopes=("send_notification",),
            allow_global=allow_global,
            allow_room=allow_room,
            on_installed=self._installed,
            on_updated=self._updated,
            on_removed=self._removed,
            now=lambda: self.now,
        )

    async def _installed(self, installation: Installation) -> None:
        self.happened.append(("installed", installation.oauth_id))

    async def _updated(self, installation: Installation) -> None:
        self.happened.append(("updated", installation.oauth_id))

    async def _removed(self, installation: Installation) -> None:
        self.happened.append(("removed", installation.oauth_id))

    async def refused(self, status: int, body: bytes) -> str:
        """Return why an installation is refused."""
        with pytest.raises(InstallationError) as caught:
            await self.installer.install(body)
        assert caught.value.status == status
        return str(caught.value)

    async def gone(self) -> None:
        """Have the installation's credentials rejected, and noticed."""
        self.host.clients.clear()
        installation = await self.found()
        with pytest.raises(UnauthorizedError):
            await self.tokens.get(installation, rejected=self.host.issued[-1])

    async def found(self) -> Installation:
        installation = await self.installations.find(OAUTH_ID)
        assert installation is not None
        return installation


def body(host: ScriptedHost | None = None, **changed: object) -> bytes:
    origin = host.origin if host else "https://hipchat.test"
    usual: dict[str, object] = {
        "oauthId": OAUTH_ID,
        "oauthSecret": SECRET,
        "capabilitiesUrl": f"{origin}/v2/capabilities",
        "groupId": GROUP,
        "roomId": ROOM,
    }
    members = (usual | changed).items()
    return msgspec.json.encode(
        {name: each for name, each in members if each is not ...}
    )


async def test_an_installation_has_all_that_host_and_token_say() -> None:
    site = Site()
    installation = await site.installer.install(body())
    assert installation == Installation(
        oauth_id=OAUTH_ID,
        secret=Secret(SECRET),
        host="https://hipchat.test",
        capabilities_url="https://hipchat.test/v2/capabilities",
        api_url="https://hipchat.test/v2",
        token_url="https://hipchat.test/v2/oauth/token",
        authorization_url="https://hipchat.test/users/authorize",
        group_id=GROUP,
        group_name="Example",
        room_id=ROOM,
        scopes=("send_notification", "view_room"),
        installed_at=NOW,
    )
    assert await site.found() == installation
    assert site.happened == [("installed", OAUTH_ID)]
    # The token of the proof is the first one to be used.
    assert await site.tokens.get(installation) == "token-1"


async def test_group_and_scopes_are_optional() -> None:
    site = Site()
    for name in ("group_id", "group_name", "scope", "token_type"):
        del site.host.token_answer[name]
    installation = await site.installer.install(body(groupId=...))
    assert (installation.group_id, installation.group_name) == (None, None)
    assert installation.scopes == ("send_notification",)
    again = await site.installer.install(body())
    assert again.group_id == GROUP


async def test_the_group_is_that_of_the_token_where_the_body_has_none() -> None:
    installation = await Site().installer.install(body(groupId=...))
    assert installation.group_id == GROUP


async def test_another_group_than_the_tokens_is_refused() -> None:
    site = Site()
    assert "another group" in await site.refused(400, body(groupId=GROUP + 1))
    assert await site.installations.find_all() == []


async def test_the_wrong_kind_is_refused_before_anything_is_asked() -> None:
    rooms, groups = Site(allow_global=False), Site(allow_room=False)
    assert "single rooms" in await rooms.refused(400, body(roomId=...))
    assert "whole group" in await groups.refused(400, body())
    assert not rooms.host.calls
    assert not groups.host.calls
    await rooms.installer.install(body())
    await groups.installer.install(body(roomId=...))


async def test_a_host_that_is_not_listed_is_refused_before_anything_is_asked() -> None:
    site = Site(policy=HostPolicy(["https://api.hipchat.com"]))
    assert "https://hipchat.test" in await site.refused(403, body())
    assert not site.host.calls


async def test_an_installation_without_secret_is_refused() -> None:
    site = Site()
    assert "oauthSecret" in await site.refused(400, body(oauthSecret=...))


async def test_credentials_that_do_not_work_are_refused() -> None:
    site = Site()
    site.host.clients.clear()
    text = await site.refused(400, body())
    assert text == (
        "https://hipchat.test does not accept the credentials of the installation."
    )
    assert await site.installations.find_all() == []
    assert site.happened == []


@pytest.mark.parametrize(
    ("status", "reason"), [(500, "answered 500"), (403, "answered 403")]
)
async def test_a_host_that_gives_no_token_is_refused(status: int, reason: str) -> None:
    site = Site()
    site.host.token_status = status
    assert reason in await site.refused(400, body())


async def test_a_host_that_is_away_is_refused() -> None:
    site = Site()
    site.host.is_away = True
    assert "cannot read from https://hipchat.test" in await site.refused(400, body())


async def test_a_repeat_is_answered_as_the_first_and_changes_nothing() -> None:
    site = Site()
    first = await site.installer.install(body())
    site.now += 60
    assert await site.installer.install(body()) == first
    assert site.happened == [("installed", OAUTH_ID)]


async def test_many_repeats_at_once_are_one_installation() -> None:
    site = Site()
    await asyncio.gather(*(site.installer.install(body()) for _ in range(10)))
    assert site.happened == [("installed", OAUTH_ID)]
    assert len(await site.installations.find_all()) == 1


async def test_another_secret_is_a_conflict_and_nothing_is_asked() -> None:
    site = Site()
    first = await site.installer.install(body())
    site.host.calls.clear()
    assert "another secret" in await site.refused(409, body(oauthSecret=OTHER_SECRET))
    assert "another room" in await site.refused(409, body(roomId=ROOM + 1))
    assert "another room" in await site.refused(409, body(roomId=...))
    assert not site.host.calls
    assert await site.found() == first


async def test_an_installation_that_is_gone_may_be_replaced_by_its_host() -> None:
    site = Site()
    await site.installer.install(body())
    await site.gone()
    site.host.add_client(secret=OTHER_SECRET)
    site.now += 60
    again = await site.installer.install(body(oauthSecret=OTHER_SECRET))
    assert again.gone_at is None
    assert again.installed_at == site.now
    assert site.happened == [("installed", OAUTH_ID)] * 2


async def test_a_self_made_server_cannot_take_over_an_installation() -> None:
    site = Site()
    first = await site.installer.install(body())
    evil = site.servers.add(EVIL)
    for secret in (SECRET, OTHER_SECRET):
        evil.add_client(secret=secret)
        attack = body(evil, oauthSecret=secret)
        assert "another host" in await site.refused(409, attack)
        # Not even after the installation has gone.
        await site.gone()
        assert "another host" in await site.refused(409, attack)
        site.host.add_client()
        await site.tokens.get(await site.found())
    assert await site.found() == first
    assert not evil.calls


async def test_a_self_made_server_cannot_name_the_addresses_of_another() -> None:
    site = Site()
    evil = site.servers.add(EVIL)
    evil.add_client()
    evil.document = site.host.document
    assert "not at the address" in await site.refused(400, body(evil))
    evil.document = msgspec.json.decode(
        msgspec.json.encode(site.host.document).replace(
            b"https://hipchat.test/v2/capabilities",
            b"https://evil.test/v2/capabilities",
        )
    )
    assert "another server" in await site.refused(403, body(evil))
    assert site.host.calls == {}


async def test_servers_are_apart_from_each_other() -> None:
    site = Site()
    other = site.servers.add("https://other.test")
    other.add_client("two", OTHER_SECRET)
    one = await site.installer.install(body())
    two = await site.installer.install(
        body(other, oauthId="two", oauthSecret=OTHER_SECRET)
    )
    assert (one.host, two.host) == ("https://hipchat.test", "https://other.test")
    assert await site.installations.find_all() == [one, two]


async def test_an_update_reads_scopes_anew_and_keeps_the_rest() -> None:
    site = Site()
    first = await site.installer.install(body())
    site.host.token_answer["scope"] = "admin_room"
    for update in (body(oauthSecret=...), body(), body(oauthSecret=..., roomId=...)):
        updated = await site.installer.update(update)
        assert updated == replace(first, scopes=("admin_room",))
        assert await site.found() == updated
    assert site.happened[1:] == [("updated", OAUTH_ID)] * 3


async def test_an_update_that_proves_nothing_changes_nothing() -> None:
    site = Site()
    first = await site.installer.install(body())
    evil = site.servers.add(EVIL)
    evil.add_client()
    elsewhere = "https://hipchat.test/files/capabilities.json"
    for status, update in (
        (409, body(evil, oauthSecret=...)),
        (409, body(evil)),
        (409, body(oauthSecret=OTHER_SECRET)),
        (409, body(oauthSecret=..., roomId=ROOM + 1)),
        (400, body(oauthSecret=..., groupId=GROUP + 1)),
        (400, body(oauthSecret=..., oauthId="unknown")),
    ):
        with pytest.raises(InstallationError) as caught:
            await site.installer.update(update)
        assert caught.value.status == status
    site.host.calls.clear()
    await site.installer.update(body(oauthSecret=..., capabilitiesUrl=elsewhere))
    assert "GET /files/capabilities.json" not in site.host.calls
    assert await site.found() == first
    assert not evil.calls


async def test_an_update_of_what_is_not_known_installs_it() -> None:
    site = Site()
    await site.installer.update(body())
    assert site.happened == [("installed", OAUTH_ID)]


async def test_an_update_brings_an_installation_back_to_life() -> None:
    site = Site()
    await site.installer.install(body())
    await site.gone()
    site.host.add_client()
    assert (await site.installer.update(body(oauthSecret=...))).gone_at is None


async def test_an_update_may_bring_the_new_secret_of_what_is_gone() -> None:
    site = Site()
    await site.installer.install(body())
    await site.gone()
    site.host.add_client(secret=OTHER_SECRET)
    updated = await site.installer.update(body(oauthSecret=OTHER_SECRET))
    assert (updated.secret, updated.gone_at) == (Secret(OTHER_SECRET), None)


async def test_a_removal_is_believed_when_the_credentials_do_not_work() -> None:
    site = Site()
    await site.installer.install(body())
    await site.storage.put("user token", "x", b"x", owner=OAUTH_ID)
    site.host.clients.clear()
    await site.installer.remove(OAUTH_ID)
    assert await site.installations.find_all() == []
    assert await site.storage.find_all("user token") == []
    assert await site.storage.find_all("token", now=NOW) == []
    assert site.happened[1:] == [("removed", OAUTH_ID)]
    # It may come twice.
    await site.installer.remove(OAUTH_ID)
    assert site.happened[1:] == [("removed", OAUTH_ID)]


async def test_a_removal_that_is_not_true_is_refused() -> None:
    site = Site()
    first = await site.installer.install(body())
    with pytest.raises(InstallationError, match="still installed") as caught:
        await site.installer.remove(OAUTH_ID)
    assert caught.value.status == 403
    assert await site.found() == first


async def test_the_removal_of_what_is_not_known_is_a_success() -> None:
    await Site().installer.remove("../unknown")


@pytest.mark.parametrize("failure", ["away", "500", "503", "403"])
async def test_with_the_host_away_a_removal_is_checked_later(failure: str) -> None:
    site = Site()
    first = await site.installer.install(body())
    if failure == "away":
        site.host.is_away = True
    else:
        site.host.token_status = int(failure)
    await site.installer.remove(OAUTH_ID)
    await site.installer.sweep()
    assert await site.found() == replace(first, removal_at=NOW)
    # It was not true.
    site.host.is_away, site.host.token_status = False, 200
    await site.installer.sweep()
    assert await site.found() == first
    # It was.
    site.host.is_away = True
    await site.installer.remove(OAUTH_ID)
    site.host.is_away = False
    site.host.clients.clear()
    await site.installer.sweep()
    assert await site.installations.find_all() == []
    assert site.happened[1:] == [("removed", OAUTH_ID)]


async def test_what_is_gone_is_kept_for_thirty_days() -> None:
    site = Site()
    await site.installer.install(body())
    await site.gone()
    site.now = NOW + GONE_SECONDS - 1
    site.host.calls.clear()
    await site.installer.sweep()
    assert (await site.found()).gone_at == NOW
    # Whoever sweeps every hour asks no host about every installation that is gone.
    assert not site.host.calls
    site.now = NOW + GONE_SECONDS
    await site.installer.sweep()
    assert await site.installations.find_all() == []
    assert site.happened[1:] == [("removed", OAUTH_ID)]


async def test_what_is_gone_is_asked_once_more_before_it_is_forgotten() -> None:
    site = Site()
    first = await site.installer.install(body())
    await site.gone()
    site.host.add_client()
    site.now = NOW + GONE_SECONDS
    await site.installer.sweep()
    assert await site.found() == first


async def test_a_host_that_never_comes_back_is_forgotten_after_thirty_days() -> None:
    site = Site()
    await site.installer.install(body())
    site.host.is_away = True
    await site.installer.remove(OAUTH_ID)
    site.now = NOW + GONE_SECONDS
    await site.installer.sweep()
    assert await site.installations.find_all() == []


async def test_a_sweep_asks_nothing_about_what_is_alive() -> None:
    site = Site()
    first = await site.installer.install(body())
    await site.storage.put("state", "old", b"", expires_at=NOW)
    site.host.calls.clear()
    site.now = NOW + 2 * GONE_SECONDS
    await site.installer.sweep()
    assert not site.host.calls
    assert await site.found() == first
    assert await site.storage.find_all("state") == []


BACK = "https://hipchat.test/addons?installed"


async def test_a_browser_installs_and_goes_back() -> None:
    site = Site()
    installable = site.host.has(
        "/v2/addon/x/installable/abc", msgspec.json.decode(body())
    )
    assert await site.installer.install_in_browser(installable, BACK) == BACK
    assert (await site.found()).secret == Secret(SECRET)
    assert site.happened == [("installed", OAUTH_ID)]


async def test_both_ways_together_are_one_installation() -> None:
    site = Site()
    installable = site.host.has(
        "/v2/addon/x/installable/abc", msgspec.json.decode(body())
    )
    await site.installer.install(body())
    assert await site.installer.install_in_browser(installable, BACK) == BACK
    assert site.happened == [("installed", OAUTH_ID)]


async def test_a_browser_may_go_back_to_the_pages_that_the_host_names() -> None:
    site = Site()
    links = site.host.document["links"]
    assert isinstance(links, dict)
    links["homepage"] = "https://www.hipchat.test"
    installable = site.host.has("/i", msgspec.json.decode(body()))
    for back in ("https://www.hipchat.test/a", "https://hipchat.test"):
        assert await site.installer.install_in_browser(installable, back) == back


async def test_the_way_back_is_kept_as_it_is_and_fits_into_a_header() -> None:
    site = Site()
    installable = site.host.has("/i", msgspec.json.decode(body()))
    for back, header in (
        ("https://hipchat.test/a%20b?c=%2F&d=e+f#g", None),
        ("https://hipchat.test/ü?ü#ü", "https://hipchat.test/%C3%BC?%C3%BC#%C3%BC"),
    ):
        found = await site.installer.install_in_browser(installable, back)
        assert found == (header or back)


@pytest.mark.parametrize(
    "back",
    [
        EVIL,
        "https://hipchat.test.evil.test/",
        "https://hipchat.test@evil.test/",
        "//evil.test/",
        "/addons",
        "http://hipchat.test/",
        "https://hipchat.test:8443/",
        "https://hipchat.test\\.evil.test",
        "javascript:alert(1)",
        "https://hipchat.test/\r\nSet-Cookie: a=b",
        "",
    ],
)
async def test_a_browser_goes_back_nowhere_else(back: str) -> None:
    site = Site()
    installable = site.host.has("/i", msgspec.json.decode(body()))
    for way in (
        site.installer.install_in_browser,
        site.installer.update_in_browser,
        site.installer.remove_in_browser,
    ):
        with pytest.raises(InstallationError):
            await way(installable, back)


async def test_a_browser_brings_no_installation_of_another_host() -> None:
    site = Site()
    evil = site.servers.add(EVIL)
    installable = evil.has("/i", msgspec.json.decode(body()))
    with pytest.raises(InstallationError, match="another host") as caught:
        await site.installer.install_in_browser(installable, BACK)
    assert caught.value.status == 403
    assert not site.host.calls


async def test_a_browser_has_the_add_on_fetch_nothing_internal() -> None:
    site = Site()
    inside = site.servers.add("https://127.0.0.1")
    for installable in ("https://127.0.0.1/i", "http://hipchat.test/i", "file:///i"):
        with pytest.raises(InstallationError):
            await site.installer.install_in_browser(installable, BACK)
    assert not inside.calls


async def test_an_address_that_was_used_up_is_refused() -> None:
    site = Site()
    with pytest.raises(InstallationError, match="answered 404"):
        await site.installer.install_in_browser("https://hipchat.test/used", BACK)


async def test_a_browser_that_is_reloaded_goes_back_again() -> None:
    site = Site()
    installable = site.host.has("/i", msgspec.json.decode(body()))
    await site.installer.install_in_browser(installable, BACK)
    del site.host.files["/i"]
    assert await site.installer.install_in_browser(installable, BACK) == BACK
    with pytest.raises(InstallationError, match="to return to"):
        await site.installer.install_in_browser(installable, EVIL)
    with pytest.raises(InstallationError, match="answered 404"):
        await site.installer.remove_in_browser(installable, BACK)
    site.now += 3600
    with pytest.raises(InstallationError, match="answered 404"):
        await site.installer.install_in_browser(installable, BACK)
    assert site.happened == [("installed", OAUTH_ID)]


async def test_a_browser_that_goes_nowhere_installs_nothing() -> None:
    site = Site()
    installable = site.host.has("/i", msgspec.json.decode(body()))
    with pytest.raises(InstallationError, match="to return to"):
        await site.installer.install_in_browser(installable, EVIL)
    assert await site.installations.find_all() == []


async def test_a_browser_updates_and_removes() -> None:
    site = Site()
    await site.installer.install(body())
    installable = site.host.has("/i", msgspec.json.decode(body(oauthSecret=...)))
    assert await site.installer.update_in_browser(installable, BACK) == BACK
    site.host.clients.clear()
    assert await site.installer.remove_in_browser(installable, BACK) == BACK
    assert await site.installer.remove_in_browser(installable, BACK) == BACK
    assert [what for what, _ in site.happened] == ["installed", "updated", "removed"]
    assert await site.installations.find_all() == []


async def test_a_browser_removes_nothing_of_another_host() -> None:
    site = Site()
    await site.installer.install(body())
    evil = site.servers.add(EVIL)
    installable = evil.has("/i", msgspec.json.decode(body(evil)))
    site.host.clients.clear()
    with pytest.raises(InstallationError, match="another host"):
        await site.installer.remove_in_browser(installable, EVIL)
    await site.found()


@pytest.mark.parametrize("content", [body(), body(roomId="Ops"), body()[:-1]])
@pytest.mark.parametrize("way", ["post", "update", "browser"])
async def test_no_error_shows_a_secret(way: str, content: bytes) -> None:
    site = Site()
    site.host.clients.clear()
    site.host.files["/i"] = RawResponse(200, {}, content)
    installer = site.installer
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "post": partial(installer.install, content),
        "update": partial(installer.update, content),
        "browser": partial(
            installer.install_in_browser, "https://hipchat.test/i", BACK
        ),
    }
    with pytest.raises(InstallationError) as caught:
        await ways[way]()
    step = caught.value.__traceback__
    while step is not None:
        if step.tb_frame.f_globals["__name__"].startswith("hipkit"):
            assert SECRET not in repr(step.tb_frame.f_locals)
        step = step.tb_next
    assert SECRET not in str(caught.value)
