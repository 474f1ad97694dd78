"""What it costs to render a message for each target of the relay."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.measuring import Spread
from benchmarks.report import Table, judged
from benchmarks.scene import Scene
from hipkit.relay.markup.from_html import LONGEST_SOURCE
from hipkit.relay.message import RelayMessage
from hipkit.relay.reading import read_posted
from hipkit.relay.targets import TARGETS
from hipkit.relay.targets.protocol import RenderOptions
from hipkit.server.events.posted import PostedMessage
from tests.golden.relay.cases import EVERY_TAG, LINK, notification
from tests.golden.relay.settings import SETTINGS

__all__ = ["measure"]

USUAL = (
    'Build <a href="https://ci.example.com/job/17/">#17</a> <b>failed</b>:'
    "<ul><li>test_login</li><li>test_logout</li></ul>"
)
LONGEST_OF_HIPCHAT = 10_000
ROUNDS = 7
TURN_SECONDS = 0.01
"""How long the calls of a turn take together, at least: clocks are coarse."""
MOST_SECONDS = 0.0003
AIM = "at most 0.3 ms"

Cost = Callable[[], object]


def measure(scene: Scene) -> Table:
    """Read four messages, and render each for every target, all by turns."""
    posted = {
        "a usual one": notification(USUAL, color="red"),
        "every tag": notification(EVERY_TAG),
        **{
            f"{size:,} characters": notification(_repeated(EVERY_TAG, size))
            for size in (LONGEST_OF_HIPCHAT, LONGEST_SOURCE)
        },
    }
    messages = {name: _read(each) for name, each in posted.items()}
    work: dict[tuple[str, str], Cost] = {}
    for name, each in posted.items():
        work["reading", name] = partial(_read, each)
    for target in TARGETS:
        for name, message in messages.items():
            work[target, name] = _rendering(target, message)
    costs = _measure(work, scene.rounds(ROUNDS))
    lines = [
        (
            row if row in TARGETS else f"{row}, once for each route",
            *(f"{costs[row, name] * 1000:.2f} ms" for name in messages),
            "" if row not in TARGETS else judged(_usual(costs, row), MOST_SECONDS, AIM),
        )
        for row in ("reading", *TARGETS)
    ]
    return Table(
        title="Rendering a message for each target of the relay",
        headings=("target", *messages, "aim"),
        lines=lines,
        note="CPU time of notifications of HTML, medians of rounds by turns. A stored message is"
        " read into a tree, which each target then writes as its request; the aim is for a usual"
        f" message and one with every tag. HipChat took {LONGEST_OF_HIPCHAT:,} characters; of more"
        f" than {LONGEST_SOURCE:,}, which only the relay takes, the rest is not read.",
    )


def _repeated(text: str, size: int) -> str:
    return (text * (size // len(text) + 1))[:size]


def _read(posted: PostedMessage) -> RelayMessage:
    return read_posted(posted, link=LINK)


def _rendering(target: str, message: RelayMessage) -> Cost:
    options = RenderOptions()
    return lambda: TARGETS[target].render(message, SETTINGS[target], options)


def _measure(
    work: Mapping[tuple[str, str], Cost], rounds: int
) -> dict[tuple[str, str], float]:
    """Return the median CPU time of each."""
    counts = {key: _count(each) for key, each in work.items()}
    seconds: dict[tuple[str, str], list[float]] = {key: [] for key in work}
    for _ in range(rounds):
        for key, each in work.items():
            seconds[key].append(_seconds(each, counts[key]))
    return {key: Spread.of(taken).median for key, taken in seconds.items()}


def _count(work: Cost) -> int:
    """Return how many calls make a turn."""
    work()
    return int(TURN_SECONDS / max(_seconds(work, 1), 1e-6)) + 1


def _seconds(work: Cost, count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - began) / count


def _usual(costs: Mapping[tuple[str, str], float], target: str) -> float:
    return max(costs[target, "a usual one"], costs[target, "every tag"])
