"""Faults, and which calls they meet; `test_network.py` has what an add-on makes of them."""

from __future__ import annotations

import json

import pytest

from hipkit.testing.addons.faults import Fault, Faults
from hipkit.transports.protocol import TransportError


async def statuses(faults: Faults, *operations: str) -> list[int | None]:
    answers = [await faults.answer(operation) for operation in operations]
    return [None if answer is None else answer.status for answer in answers]


async def test_faults_meet_calls_one_after_the_other() -> None:
    faults = Faults()
    faults.add(Fault(status=429, times=2))
    faults.add(Fault(status=500))
    found = await statuses(faults, *["get_room"] * 4)
    assert found == [429, 429, 500, None]


async def test_a_fault_waits_for_its_operation() -> None:
    faults = Faults()
    faults.add(Fault(status=500, operation="generate_token"))
    faults.add(Fault(status=503))
    found = await statuses(faults, "get_room", "get_room", "generate_token")
    assert found == [503, None, 500]


async def test_calls_without_a_token_are_met_only_by_name() -> None:
    faults = Faults()
    faults.add(Fault(status=503))
    found = await statuses(faults, "get_capabilities", "generate_token", "get_room")
    assert found == [None, None, 503]


async def test_an_answer_is_an_error_of_hipchats_form() -> None:
    faults = Faults()
    faults.add(Fault(status=429, retry_after=3))
    answer = await faults.answer("get_room")
    assert answer is not None
    assert json.loads(answer.body)["error"]["code"] == 429
    assert answer.headers["retry-after"] == "3"


async def test_without_a_status_there_is_no_answer() -> None:
    faults = Faults()
    faults.add(Fault())
    with pytest.raises(TransportError):
        await faults.answer("get_room")


async def test_something_happens_before_a_call_that_is_then_sent() -> None:
    happened = []

    async def happen() -> None:
        happened.append("it")

    faults = Faults()
    faults.add(Fault(before=happen))
    assert await statuses(faults, "get_room", "get_room") == [None, None]
    assert happened == ["it"]
