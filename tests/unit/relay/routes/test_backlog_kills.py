"""Kills between all steps of a backlog: nothing is lost, doubled, out of order, or a summary's red.

A machine of random actions runs routes on a real database: messages of all colours, time, targets
that fail or refuse, and a kill after each step of a delivery. The sink drops what it has by its
id, as Matrix does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hipkit.api.secret import Secret
from hipkit.relay.markup.tree import Element, Node
from hipkit.relay.message import RelayMessage
from hipkit.relay.routes import summary
from hipkit.relay.routes.backlog import NEWEST_SENT
from hipkit.relay.targets.protocol import (
    HttpCall,
    Rendered,
    RenderOptions,
    Reply,
)
from hipkit.server.events.posted import PostedMessage
from hipkit.server.storage.stores.routes import ROUTE
from tests.unit.relay.fake_target import FakeSettings, FakeTarget
from tests.unit.relay.routes.relaying import HOUR, MINUTE, Relay, answering, route
from tests.unit.server.asgi import open_site

Action = tuple[str, Any]

POST = st.tuples(st.just("post"), st.tuples(st.integers(30, 70), st.booleans()))
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 10, 20, 90]))
FAIL = st.tuples(st.just("fail"), st.sampled_from([5, 20, 90]))
ANSWER = st.tuples(st.just("answer"), st.sampled_from([200, 200, 503, 400, 404]))
DELIVER = st.tuples(st.just("deliver"), st.integers(1, 10))
KILL = st.tuples(st.just("kill"), st.integers(0, 2))
TOGETHER = st.tuples(st.just("together"), st.tuples(st.integers(2, 20), st.booleans()))
TIDY = st.tuples(st.just("tidy"), st.none())

OUTAGE = st.tuples(POST, POST, POST, FAIL, WAIT, KILL, TOGETHER, DELIVER, TOGETHER)
"""What brings a summary about, if it is drawn long enough."""

ACTIONS: st.SearchStrategy[Sequence[Action]] = st.lists(
    st.one_of(
        OUTAGE,
        *(
            st.tuples(one)
            for one in (POST, WAIT, ANSWER, DELIVER, KILL, TIDY, TOGETHER)
        ),
    ),
    min_size=1,
    max_size=15,
).map(lambda parts: [action for part in parts for action in part])
"""What the target refuses for good is shown, and so not lost: only summaries are refused here."""


MOST_ROUNDS = 20
"""Rounds in which a target that answers has got everything."""


class Links:
    """Links that name their message."""

    def message(self, message: PostedMessage) -> str | None:
        return message.id

    def file(self, message: PostedMessage) -> str | None:
        return None


class OpenTarget(FakeTarget):
    """A target that is sent which messages a summary stands for, and drops what it has."""

    can_tell_repeats: ClassVar[bool] = True

    def render(
        self, message: RelayMessage, settings: FakeSettings, options: RenderOptions
    ) -> Rendered:
        body = {
            "id": message.id,
            "color": message.color,
            "stands_for": list(links(message.body))
            if message.kind == "summary"
            else [],
        }
        return HttpCall(
            method="POST", url=Secret(settings.url), body=msgspec.json.encode(body)
        )


def links(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Element):
            if node.url:
                yield node.url
            yield from links(node.children)


class Sink:
    """What arrived, each id once."""

    def __init__(self) -> None:
        self.arrived: dict[str, dict[str, Any]] = {}
        self.unsettled: set[str] = set()
        """What arrived together, and was not stored before a kill."""

    def take(self, call: HttpCall) -> Reply:
        message = msgspec.json.decode(call.body)
        known = self.arrived.setdefault(message["id"], message)
        # What is sent again is what was sent before.
        assert known == message
        return Reply(status=200)


def play(actions: Sequence[Action]) -> tuple[list[tuple[str, bool]], Sink]:
    """Run the actions on a fresh server, and check what arrived."""
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # Their links are how the sink knows what a summary stands for.
        patch.setattr(summary, "MOST_LINKS", 10_000)
        site = open_site(Path(folder))
        relay = Relay(site, route("ops", target=OpenTarget()), links=Links())
        try:
            sink = Sink()
            posted = run(relay, sink, actions)
            check(posted, sink, summarised=relay.record().summarised)
        finally:
            relay.close()
            site.server.close()
    return posted, sink


def run(relay: Relay, sink: Sink, actions: Sequence[Action]) -> list[tuple[str, bool]]:
    """Run the actions, then let everything through; return what was posted."""
    posted: list[tuple[str, bool]] = []

    def refuse_summaries(call: HttpCall) -> Reply:
        if msgspec.json.decode(call.body)["stands_for"]:
            return Reply(status=400)
        return sink.take(call)

    relay.chat.answer = sink.take
    for action, value in actions:
        if action == "post":
            count, is_mixed = value
            for number in range(count if is_mixed else 1):
                is_red = is_mixed and number % 5 == 4
                (one,) = relay.post(1, color="red" if is_red else "yellow")
                posted.append((one, is_red))
            if not is_mixed:
                posted += [(one, False) for one in relay.post(count, color="green")]
        elif action == "wait":
            relay.wait(value * MINUTE)
        elif action == "fail":
            answer, relay.chat.answer = relay.chat.answer, answering(503)
            relay.fail_for(value * MINUTE)
            relay.chat.answer = answer
        elif action == "answer":
            known = {200: sink.take, 400: refuse_summaries}
            relay.chat.answer = known.get(value, answering(value))
        elif action == "deliver":
            for _ in range(value):
                relay.deliver_one()
        elif action == "together":
            count, is_killed = value
            sent = relay.deliver_together(count, is_killed=is_killed)
            if is_killed:
                sink.unsettled.update(sent)
        elif action == "tidy":
            relay.run(relay.subscriptions.tidy())
        else:
            kill(relay, value)
    relay.chat.answer = sink.take
    relay.restart()
    for _ in range(MOST_ROUNDS):
        relay.wait(2 * HOUR)
        relay.deliver()
        relay.run(relay.subscriptions.tidy())
        if relay.record().position == newest(relay):
            return posted
    raise AssertionError("what waits does not end")


def kill(relay: Relay, stage: int) -> None:
    """Kill what delivers the next message: before it is sent, or before that is stored."""
    source = relay.subscriptions

    async def begin(route_id: int) -> None:
        delivery = await source.next_delivery(ROUTE, route_id)
        if delivery is not None and stage > 0:
            outcome = await source.post(delivery)
            if stage > 1:
                await source.settle([(delivery, outcome)])

    relay.run(begin(relay.record().id))
    relay.restart()


def newest(relay: Relay) -> int:
    return relay.run(relay.site.server.database.stores.events.newest())


@settings(
    deadline=None,
    max_examples=40,
    # Without shrinking, which takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(ACTIONS)
def test_no_kill_loses_doubles_or_turns_around_what_waits(
    actions: Sequence[Action],
) -> None:
    play(actions)


def check(posted: list[tuple[str, bool]], sink: Sink, *, summarised: int) -> None:
    place = {one: number for number, (one, _) in enumerate(posted)}
    arrived = list(sink.arrived.values())
    reached: list[str] = []
    began: list[int] = []
    for message in arrived:
        stands_for = message["stands_for"]
        # What was not stored is sent again, which the sink drops, or counted in a later summary,
        # where the sink cannot see it.
        repeated = sink.unsettled.intersection(sink.arrived)
        new = [one for one in stands_for if one not in repeated]
        new += [] if stands_for else [message["id"]]
        reached += new
        # The place of a summary is that of its first message, if that did not come before.
        first = (stands_for or new)[0]
        began += [place[first]] if first in new else []
        assert not any(posted[place[one]][1] for one in stands_for)
        assert [place[one] for one in stands_for] == sorted(
            place[one] for one in stands_for
        )
        assert len(stands_for) != 1
    assert sorted(reached, key=place.__getitem__) == [one for one, _ in posted]
    assert began == sorted(began)
    assert summarised == sum(len(message["stands_for"]) for message in arrived)


def test_the_machine_reaches_summaries() -> None:
    """A sequence as the machine may draw it has a summary, a kill and a second summary."""
    actions: list[Action] = [
        ("post", (70, True)),
        ("post", (70, False)),
        ("fail", 90),
        ("wait", 90),
        ("deliver", 1),
        ("kill", 1),
        ("kill", 0),
        ("deliver", 3),
        ("post", (70, False)),
        ("post", (70, True)),
        ("fail", 90),
        ("wait", 90),
        ("kill", 1),
    ]
    posted, sink = play(actions)
    summaries = [one for one in sink.arrived.values() if one["stands_for"]]
    assert len(summaries) == 2
    assert len(posted) > sum(len(one["stands_for"]) for one in summaries) + NEWEST_SENT
