"""Members that a server ignores, though their author meant something by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from hipkit.api.suggestions import closest
from hipkit.descriptors.checks.described import Described, described_objects, resolve
from hipkit.descriptors.checks.findings import Finding, quoted, warning
from hipkit.descriptors.schema import descriptor_schema

__all__ = ["find_ignored_members"]

CAPABILITIES = ("capabilities",)
OUTER_OBJECTS = ((), CAPABILITIES, ("capabilities", "installable"))
"""Objects whose members were found in each other."""

HOST_MEMBERS = frozenset({"hipchatApiProvider", "oauth2Provider"})
"""Capabilities of HipChat itself. Add-ons copied them from its document."""

FORMER = {
    "allowGroup": 'Rename it to "allowGlobal".',
    "command": "Use a webhook with a pattern such as ^/karma instead.",
}
"""Members that only the first years knew, and what replaced them."""

HARMLESS = frozenset({"icon", "version"})
"""Members of the top level that add-ons wrote for their readers."""


def find_ignored_members(document: Mapping[str, object]) -> Iterator[Finding]:
    """Yield members that no server reads: misspelt, misplaced, former, or the host's own."""
    for each in described_objects(document):
        for name in each.value:
            finding = _check(each, name)
            if finding is not None:
                yield finding


def _check(found: Described, name: str) -> Finding | None:
    path = (*found.path, name)
    if found.path == CAPABILITIES and name in HOST_MEMBERS:
        return warning(path, "belongs to HipChat's own document", "Remove it.")
    if name in found.members or found.is_closed:
        return None
    if found.path in OUTER_OBJECTS:
        if name in FORMER:
            return warning(path, "is of 2014, and ignored since", FORMER[name])
        home = _homes().get(name)
        if home is not None:
            return warning(path, "is ignored here", f"Move it to {home}.")
    if not found.path and name in HARMLESS:
        return None
    meant = closest(name, found.members)
    # Where a required member is missing, the schema's error names the misspelt one.
    if meant is None or meant in found.value or meant in found.required:
        return None
    problem = f"is ignored, did you mean {meant}?"
    return warning(path, problem, f"Rename it to {quoted(meant)}.")


@cache
def _homes() -> Mapping[str, str]:
    """Return where the members of the outer objects belong."""
    top = cast("dict[str, Any]", descriptor_schema()["properties"])
    capabilities = top["capabilities"]["properties"]
    installable = cast("Any", resolve(capabilities["installable"]))["properties"]
    return {
        **dict.fromkeys(installable, "capabilities.installable"),
        **dict.fromkeys(capabilities, "capabilities"),
        **dict.fromkeys(top, "the top level"),
    }
