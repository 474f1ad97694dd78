"""Check descriptors: everything that is wrong with one, with places and remedies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice

from hipkit.descriptors.checks.addresses import find_address_faults
from hipkit.descriptors.checks.conditions import find_condition_faults
from hipkit.descriptors.checks.findings import Finding, error
from hipkit.descriptors.checks.installing import find_installation_faults
from hipkit.descriptors.checks.members import find_ignored_members
from hipkit.descriptors.checks.modules import find_module_faults
from hipkit.descriptors.checks.repeated import find_repeated_members
from hipkit.descriptors.checks.schema import find_misfits
from hipkit.descriptors.document import (
    LARGEST_DESCRIPTOR,
    parse_document,
    remove_trailing_commas,
)
from hipkit.descriptors.faults import DescriptorError, Fault

__all__ = ["check_descriptor"]

MOST_FINDINGS = 100
"""Of each check; nobody reads more, and the document may be hostile."""

MOST_VALUES = 5_000
"""In a document. Add-ons have some hundreds; comparing more with the schema takes seconds."""

Check = Callable[[Mapping[str, object]], Iterator[Finding]]


def check_descriptor(
    descriptor: bytes | Mapping[str, object], *, url: str | None = None
) -> list[Fault]:
    """Return everything that is wrong with a descriptor, in the order of the document.

    Errors are what HipChat's schema does not allow, and what else servers reject. Warnings are
    what servers accept although it does not do what it seems to: misspelt members, targets that
    lead nowhere, unsigned webhooks, and others.

    ```python
    for fault in check_descriptor(body):
        print(fault.severity, fault.place, fault.problem, fault.remedy)
    ```

    Args:
        descriptor: The JSON document, or what it contains as plain values.
        url: Where it was fetched from, to be compared with its `links.self`.

    Raises:
        ModuleNotFoundError: The extra `addon` is missing.
    """
    repeated: Iterable[Finding] = ()
    commas: list[Fault] = []
    if isinstance(descriptor, bytes):
        # Without them the rest can be checked, too.
        body, commas = remove_trailing_commas(descriptor[: LARGEST_DESCRIPTOR + 1])
        try:
            document: Mapping[str, object] = parse_document(body)
        except DescriptorError as wrong:
            return [*commas, *wrong.faults]
        repeated = find_repeated_members(body)
    else:
        document = descriptor
    if _has_many_values(document):
        problem = f"has more than {MOST_VALUES} values"
        many = error((), problem, "Leave out what servers do not read.")
        return [*commas, many.fault()]
    checks: tuple[Check, ...] = (
        find_misfits,
        find_ignored_members,
        partial(find_address_faults, url=url),
        find_module_faults,
        find_condition_faults,
        find_installation_faults,
    )
    try:
        found = [*islice(repeated, MOST_FINDINGS)]
        for check in checks:
            found += islice(check(document), MOST_FINDINGS)
    except RecursionError:
        found = [error((), "is nested too deeply", "Nest conditions in three levels.")]
    found.sort(key=partial(_position, document))
    return [*commas, *(each.fault() for each in dict.fromkeys(found))]


def _has_many_values(document: Mapping[str, object]) -> bool:
    count = 0
    pending: list[Mapping[str, object] | list[object]] = [document]
    while pending and count <= MOST_VALUES:
        value = pending.pop()
        count += len(value)
        inner = value.values() if isinstance(value, Mapping) else value
        pending += [each for each in inner if isinstance(each, (Mapping, list))]
    return count > MOST_VALUES


def _position(document: object, finding: Finding) -> tuple[int, ...]:
    """Return where a finding stands in the document; what is missing stands at the end."""
    position = []
    for step in finding.path:
        if isinstance(document, Mapping):
            names = list(document)
            position.append(names.index(step) if step in document else len(names))
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int):
            position.append(step)
            document = document[step]
    return tuple(position)
