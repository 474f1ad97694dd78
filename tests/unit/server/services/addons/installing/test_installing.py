"""Installing: the add-on can use its credentials at once, and nothing is left if it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hipkit.api.errors import (
    BadRequestError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)
from hipkit.server.services.addons.installing import installing
from hipkit.server.services.addons.installing.listing import list_addons
from hipkit.server.services.addons.installing.offers import read_offer
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.services.rooms.changes import delete_room as delete_the_room
from hipkit.server.storage.protocol import Stores
from hipkit.v2.rooms import DeleteRoom
from tests.unit.server.asgi import FORM, Site, basic
from tests.unit.server.services.addons.conftest import (
    ADDRESS,
    MemoryAddon,
    clients,
    descriptor,
    install_at,
    operator,
    put_in,
    read_offer_of,
)


def test_an_add_on_gets_a_token_while_it_is_being_installed(
    host: Site, addon: MemoryAddon
) -> None:
    installed = install_at(host)

    method, address, posted = addon.posted[0]
    assert (method, address) == ("POST", "https://karma.example/installable")
    assert posted == {
        "oauthId": installed.installation.client_id,
        "oauthSecret": posted["oauthSecret"],
        "capabilitiesUrl": "https://chat.test/v2/capabilities",
        "groupId": 1,
    }
    assert len(posted["oauthId"]) == 36
    assert len(posted["oauthSecret"]) == 40
    assert addon.token_statuses == [200]
    assert not installed.is_pending
    assert installed.next_url is None
    host.add_room("Ops")
    sent = host.post(
        "/v2/room/Ops/notification", {"message": "x"}, token=addon.tokens[0]
    )
    assert sent.status == 204


def test_an_installation_in_a_room_is_for_that_room(
    host: Site, addon: MemoryAddon
) -> None:
    room_id, _ = host.add_room("Ops"), host.add_room("Dev")

    install_at(host, "Ops")

    assert addon.posted[0][2]["roomId"] == room_id
    token = addon.tokens[0]
    notification = {"message": "x"}
    ok = host.post("/v2/room/Ops/notification", notification, token=token)
    other = host.post("/v2/room/Dev/notification", notification, token=token)
    assert (ok.status, other.status) == (204, 403)


def test_two_installations_of_an_add_on_have_their_own_credentials(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_room("Ops")
    one, other = install_at(host), install_at(host, "Ops")

    assert one.installation.client_id != other.installation.client_id
    assert len(set(addon.secrets.values())) == 2
    assert len(clients(host)) == 2


@pytest.mark.parametrize("status", [302, 400, 403, 500])
def test_nothing_is_left_where_an_add_on_refuses(
    host: Site, addon: MemoryAddon, status: int
) -> None:
    addon.status = status
    addon.answer = b'{"message": "Only \\u001b[31mhttps://api.hipchat.com"}'

    with pytest.raises(BadRequestError) as refused:
        install_at(host)

    assert f"answered {status}" in refused.value.message
    assert refused.value.message.isprintable()
    assert clients(host) == []
    # And it can be tried again at once.
    addon.status = 200
    install_at(host)


def test_an_answer_is_shown_without_the_secret_that_it_repeats(
    host: Site, addon: MemoryAddon
) -> None:
    addon.status = 400

    async def echo() -> None:
        secret = addon.posted[-1][2]["oauthSecret"]
        addon.answer = f"<h1>Bad</h1><p>secret {secret}</p>{'x' * 5000}".encode()

    addon.during = echo
    with pytest.raises(BadRequestError) as refused:
        install_at(host)

    assert "Bad secret ***" in refused.value.message
    assert addon.posted[-1][2]["oauthSecret"] not in refused.value.message
    assert "<h1>" not in refused.value.message
    assert len(refused.value.message) < 500


def test_nothing_is_left_where_an_add_on_does_not_answer(
    host: Site, addon: MemoryAddon
) -> None:
    async def work() -> None:
        context = await operator(host)
        offer = await read_offer(context, ADDRESS)
        addon.is_down = True
        await install(context, offer)

    with pytest.raises(BadRequestError, match="gave no answer: connection refused"):
        asyncio.run(work())
    assert clients(host) == []


@pytest.mark.parametrize(("is_strict", "accepts"), [(False, True), (True, False)])
def test_a_strict_server_accepts_200_alone(
    make_host: Callable[..., Site], addon: MemoryAddon, is_strict: bool, accepts: bool
) -> None:
    host = make_host(strict=is_strict)
    addon.status = 204
    if accepts:
        install_at(host)
    else:
        with pytest.raises(BadRequestError, match="accepts only 200"):
            install_at(host)
    assert len(clients(host)) == int(accepts)


def test_an_installation_is_listed_once_it_was_accepted(
    host: Site, addon: MemoryAddon
) -> None:
    seen: list[int] = []

    async def look() -> None:
        seen.append(len(await list_addons(await operator(host), everywhere=True)))

    addon.during = look
    install_at(host)

    assert seen == [0]
    listed = asyncio.run(list_all(host))
    assert [one.addon_key for one in listed] == ["com.example.karma"]


def test_an_add_on_is_installed_once_at_a_time(host: Site, addon: MemoryAddon) -> None:
    problems: list[str] = []

    async def again() -> None:
        addon.during = None
        try:
            await put_in(await operator(host))
        except ConflictError as error:
            problems.append(error.message)

    addon.during = again
    install_at(host)

    assert problems == ["Karma is being installed there just now"]
    assert len(clients(host)) == 1


def test_a_cancelled_installation_leaves_nothing(
    host: Site, addon: MemoryAddon
) -> None:
    async def work() -> None:
        task = asyncio.create_task(put_in(await operator(host)))

        async def cancel() -> None:
            task.cancel()
            await asyncio.Event().wait()

        addon.during = cancel
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert clients(host) == []


def test_a_crash_in_the_middle_leaves_nothing_for_long(
    host: Site, addon: MemoryAddon
) -> None:
    tokens: list[str] = []

    async def crash() -> None:
        tokens.extend(addon.tokens)
        raise CrashError

    addon.during = crash
    # As a killed process: what would clean up does not run.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "hipkit.server.services.addons.installing.installing._withdraw", do_nothing
        )
        with pytest.raises(CrashError):
            install_at(host)
    assert len(clients(host)) == 1

    asyncio.run(host.server.sweep_addons())
    assert len(clients(host)) == 1, "it may still be under way"
    host.clock[0] += 61
    asyncio.run(host.server.sweep_addons())

    assert clients(host) == []
    assert host.get("/v2/room", token=tokens[0]).status == 401
    addon.during = None
    install_at(host)


def test_what_a_crash_left_does_not_hold_up_the_next_installation(
    host: Site, addon: MemoryAddon
) -> None:
    async def crash() -> None:
        raise CrashError

    addon.during = crash
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "hipkit.server.services.addons.installing.installing._withdraw", do_nothing
        )
        with pytest.raises(CrashError):
            install_at(host)
    addon.during = None
    host.clock[0] += 61

    install_at(host)

    assert len(clients(host)) == 1


class CrashError(Exception):
    """The process is killed."""


async def do_nothing(*_: object) -> None:
    pass


def test_an_add_on_that_is_removed_meanwhile_is_not_installed(
    host: Site, addon: MemoryAddon
) -> None:
    async def remove_all() -> None:
        stores = host.server.database.stores
        for client in await stores.clients.of_group(1):
            await host.server.database.write(
                lambda s, client=client: s.clients.delete(client.id)  # type: ignore[misc]
            )

    addon.during = remove_all
    with pytest.raises(ConflictError, match="removed while it was being installed"):
        install_at(host)
    # The add-on believed it was installed: it learns that it is not.
    assert addon.posted[-1][0] == "DELETE"


def test_an_add_on_is_not_installed_in_a_room_that_is_deleted_meanwhile(
    host: Site, addon: MemoryAddon
) -> None:
    room_id = host.add_room("Ops")

    async def delete_room() -> None:
        addon.during = None
        await delete_the_room(await operator(host), DeleteRoom(room_id))

    addon.during = delete_room
    with pytest.raises(NotFoundError, match="The room of Karma was deleted"):
        install_at(host, "Ops")

    assert clients(host) == []
    # The add-on learns of it once its credentials do not work any more: it may look.
    assert addon.posted[-1][0] == "DELETE"
    assert addon.token_statuses[-1] == 401


def test_what_is_complete_is_not_withdrawn_where_the_caller_hangs_up(
    host: Site, addon: MemoryAddon, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = host.server.database.write

    async def write_and_hang_up(command: Callable[[Stores], Any]) -> Any:
        written = await write(command)
        if await list_addons(await operator(host)):
            monkeypatch.undo()
            raise asyncio.CancelledError
        return written

    monkeypatch.setattr(host.server.database, "write", write_and_hang_up)
    with pytest.raises(asyncio.CancelledError):
        install_at(host)

    assert clients(host) == list(addon.secrets)
    assert [one[0] for one in addon.posted] == ["POST"]


def test_notifications_carry_the_sender_s_name_of_the_descriptor(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        hipchatApiConsumer={"scopes": ["send_notification"], "fromName": "Karma Bot"}
    )
    host.add_room("Ops")
    install_at(host)

    host.post("/v2/room/Ops/notification", {"message": "x"}, token=addon.tokens[0])

    assert host.messages("Ops")[0]["from"] == "Karma Bot"


def test_the_secret_that_signs_is_kept_for_every_add_on(
    host: Site, addon: MemoryAddon
) -> None:
    installed = install_at(host)

    client_id = installed.installation.client_id
    kept = asyncio.run(host.server.database.stores.clients.signing_secret(client_id))
    assert kept == addon.secrets[client_id]


def test_add_ons_can_only_be_removed_from_an_archived_room(
    host: Site, addon: MemoryAddon
) -> None:
    room_id = host.add_room("Ops")
    installed = install_at(host, "Ops").installation
    owner = host.get(f"/v2/room/{room_id}").json["owner"]["id"]
    body = {
        "name": "Ops",
        "privacy": "public",
        "is_archived": True,
        "is_guest_accessible": False,
        "topic": "",
        "owner": {"id": owner},
    }
    assert host.put(f"/v2/room/{room_id}", body).status == 204

    with pytest.raises(ForbiddenError, match="can only be removed"):
        install_at(host, "Ops")

    async def take_away() -> None:
        await remove(await operator(host), installed.client_id)

    asyncio.run(take_away())
    assert clients(host) == []


def test_a_group_has_so_many_add_ons_and_no_more(
    host: Site, addon: MemoryAddon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "MOST_INSTALLATIONS", 1)
    room_id = host.add_room("Ops")
    install_at(host, "Ops")
    with pytest.raises(BadRequestError, match="The group has 1 add-ons"):
        install_at(host)

    # What is in a deleted room is in no list, so nobody could make room for others.
    assert host.delete(f"/v2/room/{room_id}").status == 204
    first = install_at(host).installation
    # New credentials take the place of the old ones.
    second = install_at(host).installation

    assert first.client_id != second.client_id


def test_a_user_installs_so_many_add_ons_and_no_more(
    host: Site, addon: MemoryAddon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installing, "MOST_OF_USER", 1)
    bob = host.add_user("bob")
    for name in ("Ops", "Dev"):
        host.add_room(name, owner=bob)

    install_at(host, "Ops", host.context_of("bob"))
    with pytest.raises(BadRequestError, match="You have installed 1 add-ons"):
        install_at(host, "Dev", host.context_of("bob"))

    # An update is no further one, and administrators of the group have its own limit.
    install_at(host, "Ops", host.context_of("bob"))
    install_at(host, "Dev")
    assert len(clients(host)) == 2


def test_a_room_s_administrator_installs_into_that_room_alone(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_user("Ann", mention_name="ann")
    host.add_room("Ops", owner="@ann")
    host.add_room("Dev")

    install_at(host, "Ops", host.context_of("ann"))
    for room in ("Dev", None):
        with pytest.raises(ForbiddenError):
            install_at(host, room, host.context_of("ann"))
    with pytest.raises(NotFoundError):
        install_at(host, "Nowhere", host.context_of("ann"))

    assert [one[0] for one in addon.calls] == ["GET", "POST"], "nothing was called"


def test_an_add_on_of_a_room_has_no_scopes_over_the_group(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        hipchatApiConsumer={"scopes": ["admin_group", "send_notification"]}
    )
    addon.scopes = "admin_group send_notification"
    host.add_room("Ops")
    offer = asyncio.run(read_offer_of(host, "Ops"))

    assert offer.scopes == ("send_notification",)
    assert offer.left_out == ("admin_group",)
    install_at(host, "Ops")
    assert addon.token_statuses == [200], "the token is for what it may have"
    session = host.get(f"/v2/oauth/token/{addon.tokens[0]}", token=addon.tokens[0])
    assert session.json["scopes"] == ["send_notification"]


def test_an_add_on_of_a_room_does_not_act_for_users_by_their_names(
    host: Site, addon: MemoryAddon
) -> None:
    host.add_room("Ops")
    client_id = install_at(host, "Ops").installation.client_id
    response = host.send(
        "POST",
        "/v2/oauth/token",
        body=b"grant_type=client_credentials&username=admin%40example.com",
        token=None,
        headers=[basic(client_id, addon.secrets[client_id]), FORM],
    )

    assert response.status == 403


def test_both_ways_together_post_first(host: Site, addon: MemoryAddon) -> None:
    addon.descriptor = descriptor(
        installable={
            "callbackUrl": "https://karma.example/installable",
            "installedUrl": "https://karma.example/installed?a=1",
        }
    )

    installed = install_at(host)

    assert [one[0] for one in addon.posted] == ["POST"]
    assert not installed.is_pending
    assert installed.next_url is not None
    assert installed.next_url.startswith("https://karma.example/installed?a=1&")


def test_the_configuration_page_comes_before_the_add_on_s_own(
    host: Site, addon: MemoryAddon
) -> None:
    addon.descriptor = descriptor(
        installable={
            "callbackUrl": "https://karma.example/installable",
            "installedUrl": "https://karma.example/installed",
        },
        configurable={"url": "https://karma.example/configure"},
    )

    installed = install_at(host)

    assert installed.has_configuration
    assert installed.next_url is None


async def list_all(site: Site) -> list[Any]:
    return list(await list_addons(await operator(site), everywhere=True))
