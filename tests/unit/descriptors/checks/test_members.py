from __future__ import annotations

from typing import Any

import pytest

from hipkit.descriptors.checks.members import find_ignored_members
from tests.unit.descriptors.examples import Change, changed


def ignored(*changes: Change) -> list[tuple[str, str, str]]:
    found = [each.fault() for each in find_ignored_members(changed(*changes))]
    assert all(fault.severity == "warning" for fault in found)
    return [(fault.place, fault.problem, fault.remedy) for fault in found]


@pytest.mark.parametrize(
    ("path", "name", "meant"),
    [
        (["capabilities", "installable"], "unistalledUrl", "uninstalledUrl"),
        (["capabilities", "installable"], "callbackurl", None),
        (["capabilities", "webhook", 0], "authentification", None),
        (["capabilities", "webhook", 0], "patern", None),
        (["capabilities"], "webhooks", None),
        (["capabilities"], "oauth2consumers", None),
        (["capabilities", "glance", 0], "queryURL", None),
        (["capabilities", "configurable"], "authentcation", "authentication"),
        (["capabilities", "dialog", 0], "option", None),
    ],
)
def test_a_misspelt_member_is_named_unless_the_right_one_is_there(
    path: list[str | int], name: str, meant: str | None
) -> None:
    def change(it: Any) -> None:
        for step in path:
            it = it[step]
        it[name] = None

    if meant is None:
        assert ignored(change) == []
    else:
        ((place, problem, remedy),) = ignored(change)
        assert place == ".".join(map(str, [*path, name]))
        assert problem == f"is ignored, did you mean {meant}?"
        assert remedy == f'Rename it to "{meant}".'


@pytest.mark.parametrize(
    ("kind", "name", "misspelt"),
    [
        ("webhook", "authentication", "authentification"),
        ("webhook", "pattern", "patern"),
        ("webhook", "key", "keys"),
        ("glance", "queryUrl", "queryurl"),
        ("dialog", "options", "option"),
    ],
)
def test_a_misspelt_member_is_named_in_a_module(
    kind: str, name: str, misspelt: str
) -> None:
    def change(it: Any) -> None:
        module = it["capabilities"][kind][0]
        module[misspelt] = module.pop(name)

    assert ignored(change) == [
        (
            f"capabilities.{kind}[0].{misspelt}",
            f"is ignored, did you mean {name}?",
            f'Rename it to "{name}".',
        )
    ]


@pytest.mark.parametrize(
    ("change", "place", "home"),
    [
        (
            lambda it: it.update(configurable=it["capabilities"].pop("configurable")),
            "configurable",
            "capabilities",
        ),
        (lambda it: it.update(webhook=[]), "webhook", "capabilities"),
        (
            lambda it: it["capabilities"].update(links=it.pop("links")),
            "capabilities.links",
            "the top level",
        ),
        (
            lambda it: it["capabilities"].update(callbackUrl="https://a"),
            "capabilities.callbackUrl",
            "capabilities.installable",
        ),
        (
            lambda it: it["capabilities"]["installable"].update(configurable={}),
            "capabilities.installable.configurable",
            "capabilities",
        ),
    ],
)
def test_a_misplaced_member_is_sent_home(change: Change, place: str, home: str) -> None:
    assert ignored(change) == [(place, "is ignored here", f"Move it to {home}.")]


@pytest.mark.parametrize("name", ["oauth2Provider", "hipchatApiProvider"])
def test_what_was_copied_from_the_host_is_named(name: str) -> None:
    (found,) = ignored(lambda it: it["capabilities"].update({name: {}}))
    assert found == (
        f"capabilities.{name}",
        "belongs to HipChat's own document",
        "Remove it.",
    )


def test_what_only_the_first_years_knew_is_named() -> None:
    def change(it: Any) -> None:
        it["capabilities"]["command"] = []
        it["capabilities"]["installable"]["allowGroup"] = True

    assert {place for place, _, _ in ignored(change)} == {
        "capabilities.installable.allowGroup",
        "capabilities.command",
    }


def test_other_unknown_members_are_passed_over() -> None:
    def change(it: Any) -> None:
        it.update(version="1.0", icon={}, whatever=1)
        it["capabilities"]["zebra"] = {}
        it["capabilities"]["action"][0]["target"]["type"] = "dialog"

    assert ignored(change) == []
