from __future__ import annotations

import pytest

from hipkit.cli.relay.samples import make_sample
from hipkit.relay.routes.route import Route
from tests.unit.relay.fake_target import FakeSettings, FakeTarget


@pytest.mark.parametrize(
    ("rooms", "room"),
    [
        (("*",), "Dev Ops"),
        (("dev *",), "Dev Ops"),
        (("Build *", "CI"), "CI"),
        (("Build *",), "Build *"),
        ((), "Dev Ops"),
    ],
)
def test_a_sample_is_of_a_room_of_the_route(rooms: tuple[str, ...], room: str) -> None:
    route = Route(
        name="ops",
        rooms=rooms,
        label="{from} in {room}: {color}",
        target=FakeTarget(),
        settings=FakeSettings(),
    )
    sample = make_sample(route)
    assert (sample.room, sample.color) == (room, "red")
    assert sample.label == f"Jenkins in {room}: red"
