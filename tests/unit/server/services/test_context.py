"""The runtime creates every context, and a context publishes only what was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from hipkit.api.errors import RateLimitError, UnauthorizedError
from hipkit.server.services.access.actor import operator
from hipkit.server.services.context import Runtime
from hipkit.server.shared.limits import LimitSettings
from hipkit.server.shared.memory import MemoryState
from hipkit.server.shared.protocol import ACCESS
from hipkit.server.storage.protocol import Stores
from hipkit.transports.protocol import Options, RawResponse, Request, Sink
from tests.unit.server.asgi import Site


def test_the_public_address_of_the_settings_goes_before_the_caller_s(
    make_site: Callable[..., Site],
) -> None:
    public = make_site(public_url="https://chat.example.com/").server.runtime

    assert public.context(root="http://other").addresses.root == (
        "https://chat.example.com"
    )


def test_links_have_the_caller_s_root_where_no_public_one_is_set(site: Site) -> None:
    context = site.server.runtime.context(root="http://other/")

    assert context.addresses.root == "http://other"


def test_contexts_share_what_the_runtime_created_once(site: Site) -> None:
    one, other = site.context(), site.operator_context()

    assert one.runtime is other.runtime is site.server.runtime
    assert one.stores is other.stores


def test_a_runtime_uses_the_shared_state_that_it_is_given(site: Site) -> None:
    state = MemoryState(LimitSettings(), lambda: 0.0, lambda: 0.0)
    runtime = Runtime(site.server.database, site.server.settings, state)

    assert runtime.limits is state.limits
    assert runtime.sign_ins is state.sign_ins
    assert runtime.recent_calls is state.recent_calls
    assert runtime.signals is state.signals


def test_outgoing_calls_share_connections_until_they_are_closed(
    make_site: Callable[..., Site],
) -> None:
    runtime = make_site().server.runtime

    async def work() -> None:
        transport = runtime.outgoing
        assert runtime.outgoing is transport
        await runtime.close_outgoing()
        with pytest.raises(RuntimeError):
            await transport.send(REQUEST, Options())
        assert runtime.outgoing is not transport
        await runtime.close_outgoing()

    asyncio.run(work())


def test_a_transport_of_the_settings_is_used_and_left_open(
    make_site: Callable[..., Site],
) -> None:
    own = OwnTransport()
    runtime = make_site(outgoing=own).server.runtime

    async def work() -> RawResponse:
        await runtime.close_outgoing()
        return await runtime.outgoing.send(REQUEST, Options())

    assert asyncio.run(work()).status == 204


REQUEST = Request("GET", "https", "elsewhere.example", 443, "/")


class OwnTransport:
    """A transport in memory, as tests of add-ons bring one."""

    name = "own"
    is_closed = False

    async def send(
        self, request: Request, options: Options, sink: Sink | None = None
    ) -> RawResponse:
        if self.is_closed:
            raise RuntimeError
        return RawResponse(204, {})

    async def aclose(self) -> None:
        self.is_closed = True


def test_a_context_without_an_actor_refuses_to_name_one(site: Site) -> None:
    with pytest.raises(UnauthorizedError, match="Authenticated requests only"):
        _ = site.context().actor


def test_a_context_shows_neither_its_token_nor_a_missing_actor(site: Site) -> None:
    context = site.server.runtime.context(bearer="s3cr3t-v4lue")

    assert "s3cr3t-v4lue" not in repr(context)
    assert "actor_or_none=None" in repr(context)


def test_topics_are_published_once_their_command_is_committed(site: Site) -> None:
    context = site.operator_context()
    published: list[str] = []

    async def command(stores: Stores) -> None:
        context.topics.add("a")
        assert published == []

    async def fail(stores: Stores) -> None:
        context.topics.add("a")
        raise ValueError

    with site.server.runtime.signals.listening("a", lambda: published.append("a")):
        with pytest.raises(ValueError):  # noqa: PT011 - the one above
            asyncio.run(context.write(fail))
        assert published == []
        asyncio.run(context.write(command))

    assert published == ["a"]


def test_a_failed_command_leaves_no_topic_for_the_next(site: Site) -> None:
    context = site.operator_context()
    published: list[str] = []

    async def fail(stores: Stores) -> None:
        context.topics.add("a")
        raise ValueError

    async def nothing(stores: Stores) -> None:
        pass

    with site.server.runtime.signals.listening("a", lambda: published.append("a")):
        with pytest.raises(ValueError):  # noqa: PT011 - the one above
            asyncio.run(context.write(fail))
        asyncio.run(context.write(nothing))

    assert published == []


def test_listeners_to_access_are_woken_by_its_changes_alone(site: Site) -> None:
    user = site.add_user("Ann")
    context = site.operator_context()
    published: list[str] = []

    async def demote(stores: Stores) -> None:
        record = await stores.users.get(user)
        assert record is not None
        await stores.users._session.run(
            "UPDATE users SET is_guest = 1 WHERE id = ?", user
        )

    async def touch(stores: Stores) -> None:
        await stores.users.touch(user, context.now_us)

    with site.server.runtime.signals.listening(
        ACCESS, lambda: published.append(ACCESS)
    ):
        asyncio.run(context.write(touch))
        asyncio.run(context.write(touch))
        assert published == []
        asyncio.run(context.write(demote))

    assert published == [ACCESS]


def test_a_message_beyond_the_limit_is_refused_with_its_allowance(
    make_site: Callable[..., Site],
) -> None:
    site = make_site(limits=LimitSettings(messages=1))
    context = site.context(operator(1))
    context.count_message(7)
    again = replace(context)

    with pytest.raises(RateLimitError):
        again.count_message(7)

    assert again.flood is not None
    assert (again.flood.limit, again.flood.remaining) == (1, 0)
