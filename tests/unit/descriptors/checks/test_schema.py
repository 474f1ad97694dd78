from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.schema import find_misfits
from tests.unit.descriptors.examples import Change, changed


def misfits(*changes: Change) -> list[tuple[str, str, str]]:
    found = [each.fault() for each in find_misfits(changed(*changes))]
    assert all(fault.severity == "error" for fault in found)
    return [(fault.place, fault.problem, fault.remedy) for fault in found]


def capabilities(change: Change) -> Change:
    return lambda it: change(it["capabilities"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda it: it.pop("key"),
            ("key", "is missing", 'Add "key": what identifies the add-on everywhere.'),
        ),
        (
            lambda it: it.update(name=7),
            ("name", "is a number instead of a text", "Put it in quotation marks."),
        ),
        (
            lambda it: it.update(vendor={"name": "x", "url": "y", "mail": "z"}),
            (
                "vendor.mail",
                "is not allowed here",
                "Remove it; allowed are name, url.",
            ),
        ),
        (
            lambda it: it.update(apiVersion="1.1"),
            (
                "apiVersion",
                'is "1.1"',
                'Write two numbers with a colon, such as "1:1".',
            ),
        ),
        (
            capabilities(lambda it: it["webhook"][0].update(key="a b")),
            (
                "capabilities.webhook[0].key",
                'is "a b"',
                "Use letters, digits, dots, hyphens and underscores only.",
            ),
        ),
        (
            capabilities(lambda it: it["webhook"][0].update(key="a" * 41)),
            (
                "capabilities.webhook[0].key",
                "is longer than 40 characters",
                "Shorten it by 1.",
            ),
        ),
        (
            capabilities(lambda it: it["installable"].update(allowRoom="yes")),
            (
                "capabilities.installable.allowRoom",
                "is a text instead of true or false",
                "Write true or false, without quotation marks.",
            ),
        ),
        (
            capabilities(lambda it: it.update(installable=None)),
            (
                "capabilities.installable",
                "is null instead of an object",
                "Remove it, or write a value.",
            ),
        ),
        (
            capabilities(lambda it: it["glance"][0].update(weight="5")),
            (
                "capabilities.glance[0].weight",
                "is a text instead of a whole number",
                "Write the number without quotation marks.",
            ),
        ),
        (
            capabilities(lambda it: it["glance"][0].update(name="Karma")),
            (
                "capabilities.glance[0].name",
                "is a text instead of an object",
                'Write it as {"value": "..."}.',
            ),
        ),
        (
            capabilities(lambda it: it["glance"][0].update(icon="https://a/b")),
            (
                "capabilities.glance[0].icon",
                "is a text instead of an object",
                'Write {"url": ..., "url@2x": ...}.',
            ),
        ),
        (
            capabilities(lambda it: it.update(glance=it["glance"][0])),
            (
                "capabilities.glance",
                "is an object instead of a list",
                "Put it in square brackets.",
            ),
        ),
        (
            capabilities(lambda it: it.update(webhook="https://a/b")),
            (
                "capabilities.webhook",
                "is a text instead of a list or an object",
                'Write {"url": ..., "event": ...}.',
            ),
        ),
        (
            capabilities(lambda it: it["webPanel"][0].update(url=["https://a"])),
            (
                "capabilities.webPanel[0].url",
                "is a list instead of a text",
                "Write a text.",
            ),
        ),
        (
            capabilities(lambda it: it["action"][0].update(target=True)),
            (
                "capabilities.action[0].target",
                "is true instead of a text or an object",
                'Write {"key": ...}.',
            ),
        ),
        (
            capabilities(lambda it: it["dialog"][0]["title"].update(value="")),
            (
                "capabilities.dialog[0].title.value",
                "is empty",
                "Write at least one character.",
            ),
        ),
    ],
)
def test_a_misfit_has_a_place_a_problem_and_a_remedy(
    change: Change, expected: tuple[str, str, str]
) -> None:
    assert misfits(change) == [expected]


def test_an_unknown_choice_is_compared_with_the_known_ones() -> None:
    ((place, problem, remedy),) = misfits(
        capabilities(lambda it: it["webhook"][0].update(event="room_mesage"))
    )
    assert place == "capabilities.webhook[0].event"
    assert problem == 'is "room_mesage", did you mean room_message?'
    assert remedy.startswith("Use one of room_archived, room_created")


def test_an_unknown_scope_is_named() -> None:
    ((place, problem, _),) = misfits(
        capabilities(lambda it: it["hipchatApiConsumer"]["scopes"].append("view_rooms"))
    )
    assert place == "capabilities.hipchatApiConsumer.scopes[2]"
    assert problem == 'is "view_rooms", did you mean view_room?'


def test_a_misspelt_member_is_renamed_where_the_right_one_is_missing() -> None:
    def change(it: Any) -> None:
        it["glance"][0]["keys"] = it["glance"][0].pop("key")

    assert misfits(capabilities(change)) == [
        ("capabilities.glance[0].key", "is missing", 'Rename "keys" to "key".')
    ]


def test_links_are_moved_out_of_the_capabilities() -> None:
    def change(it: Any) -> None:
        it["capabilities"]["links"] = it.pop("links")

    assert misfits(change) == [
        ("links", "is missing", "Move capabilities.links to the top level.")
    ]


@pytest.mark.parametrize(
    ("condition", "place", "problem"),
    [
        ({"condition": "user_is_admn"}, ".condition", "did you mean user_is_admin?"),
        ({"condition": "message_matches"}, ".condition", '"message_matches"'),
        (
            {"condition": "user_is_admin", "invrt": True},
            ".invrt",
            "did you mean invert?",
        ),
        ({"type": "xor", "conditions": []}, ".type", 'is "xor"'),
        ({"conditions": []}, ".type", "is missing"),
        ({"type": "and"}, ".conditions", "is missing"),
        ({"type": "and", "conditions": [], "invert": True}, ".invert", "not allowed"),
        ({}, ".condition", "is missing"),
        ("user_is_admin", "", "is a text instead of an object"),
    ],
)
def test_a_condition_is_compared_with_the_form_that_it_is_meant_as(
    condition: object, place: str, problem: str
) -> None:
    found = misfits(
        capabilities(lambda it: it["webPanel"][0].update(conditions=[condition]))
    )
    ((found_place, found_problem, _),) = found
    assert found_place == f"capabilities.webPanel[0].conditions[0]{place}"
    assert problem in found_problem


def test_an_inner_condition_has_its_place() -> None:
    nested = {"type": "and", "conditions": [{"condition": "x"}]}
    found = misfits(
        capabilities(lambda it: it["webPanel"][0].update(conditions=[nested]))
    )
    assert [place for place, _, _ in found] == [
        "capabilities.webPanel[0].conditions[0].conditions[0].condition"
    ]
