"""What the generator made of the project's own spec."""

from __future__ import annotations

import msgspec

import hipkit.v2
from codegen.__main__ import main
from hipkit.api.operation import Operation
from hipkit.v2 import webhooks
from hipkit.v2.catalog import OPERATIONS, load


def test_the_committed_files_are_what_the_spec_gives() -> None:
    assert main(["--check"]) == 0


def test_all_operations_are_there_in_their_modules() -> None:
    modules = [entry.module.removeprefix("hipkit.v2.") for entry in OPERATIONS]

    assert len(OPERATIONS) == 100
    assert list(dict.fromkeys(modules)) == [
        "capabilities",
        "emoticons",
        "extensions",
        "files",
        "groups",
        "integrations",
        "invites",
        "oauth_sessions",
        "rooms",
        "users",
    ]


def test_msgspec_can_read_every_result_model_and_event() -> None:
    kinds = [getattr(hipkit.v2, name) for name in hipkit.v2.__all__]
    models = [
        kind
        for kind in kinds
        if issubclass(kind, msgspec.Struct) and not issubclass(kind, Operation)
    ]
    results = [load(entry.operation_id).result for entry in OPERATIONS]

    assert len(webhooks.EVENTS) == 10
    for kind in [*models, *webhooks.EVENTS.values(), *filter(None, results)]:
        assert msgspec.json.Decoder(kind)
