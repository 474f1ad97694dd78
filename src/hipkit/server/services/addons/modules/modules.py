"""Checks modules of add-ons beyond the limits of single members (pure).

A descriptor and a call create the same modules, so both are checked here. Icons may be any text,
as descriptors of years have them; what is no web address is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hipkit.api.addresses import split_web_address
from hipkit.api.errors import BadRequestError
from hipkit.api.model import Model, find_broken_rule
from hipkit.descriptors.conditions import CONDITIONS, DEEPEST
from hipkit.descriptors.modules import MODULES, Module
from hipkit.descriptors.templates import VARIABLE
from hipkit.server.services.errors import InvalidValueError
from hipkit.v2.models import (
    AddonCapabilities,
    Condition,
)

__all__ = [
    "LARGEST_MODULE",
    "check_module",
    "declared_modules",
    "module_json",
    "read_module",
]

KINDS = {model: kind for kind, model in MODULES.items()}

LARGEST_MODULE = 20_000
"""Bytes of JSON: a page reads the modules of its room each time."""
LONGEST_ADDRESS = 2_000

ADDRESSES = ("query_url", "url")


def check_module(module: Module) -> None:
    """Check a module, whose members have the types and limits of the spec.

    Raises:
        BadRequestError: It is too large, has an address that is none, or conditions that it
            cannot have.
    """
    if len(module_json(module)) > LARGEST_MODULE:
        raise BadRequestError(f"A module has at most {LARGEST_MODULE} bytes of JSON")
    for name in ADDRESSES:
        address = getattr(module, name, None)
        if address is not None:
            _check_address(_wire_name(module, name), address)
    conditions = getattr(module, "conditions", None)
    allowed = CONDITIONS.get(KINDS[type(module)], frozenset())
    _check_conditions(conditions, allowed)


def declared_modules(capabilities: AddonCapabilities) -> list[tuple[str, Module]]:
    """Return the modules of a descriptor with their kinds.

    Raises:
        BadRequestError: One of them is invalid, or two of a kind have the same key.
    """
    found: dict[tuple[str, str], Module] = {}
    names = dict(
        zip(
            capabilities.__struct_encode_fields__,
            capabilities.__struct_fields__,
            strict=True,
        )
    )
    for kind in MODULES:
        modules: Sequence[Module] = getattr(capabilities, names[kind]) or ()
        for number, module in enumerate(modules):
            place = f"capabilities.{kind}[{number}]"
            _check_declared(place, module)
            if (kind, module.key) in found:
                problem = f"is the key of another {kind}"
                raise InvalidValueError(f"{place}.key", "unique", problem, module.key)
            found[kind, module.key] = module
    return [(kind, module) for (kind, _), module in found.items()]


def module_json(module: Module) -> str:
    """Return a module as JSON, to be stored."""
    return module.to_json().decode()


def read_module(kind: str, body: str) -> Module:
    """Return a stored module."""
    return MODULES[kind].from_json(body)


def _check_declared(place: str, module: Module) -> None:
    broken = find_broken_rule(module, f"{place}.", reader="lenient server")
    if broken is not None:
        raise BadRequestError(str(broken), field=broken.member)
    try:
        check_module(module)
    except BadRequestError as error:
        field = f"{place}.{error.field}" if error.field else place
        raise BadRequestError(f"{field}: {error.message}", field=field) from error


def _check_address(name: str, address: str) -> None:
    """Check an address, which may have variables, but not in the place of its host."""
    if len(address) > LONGEST_ADDRESS:
        problem = f"is longer than {LONGEST_ADDRESS}"
        raise InvalidValueError(name, "maxLength", problem)
    try:
        parts = split_web_address(VARIABLE.sub("x", address))
        is_absolute = VARIABLE.search(address.split("/")[2]) is None
    except ValueError:
        is_absolute = False
    else:
        is_absolute = is_absolute and "@" not in parts.netloc
    if not is_absolute or any(letter.isspace() for letter in address):
        # In HipChat's words about those of webhooks. The address may hold a password.
        raise InvalidValueError(name, "format", "must be an absolute URL")


def _check_conditions(
    conditions: Sequence[Condition] | None,
    allowed: frozenset[str],
    place: str = "conditions",
    depth: int = 0,
) -> None:
    for number, one in enumerate(conditions or ()):
        here = f"{place}[{number}]"
        if one.condition is None:
            _check_combination(one, here, depth)
            inner = f"{here}.conditions"
            _check_conditions(one.conditions, allowed, inner, depth + 1)
        elif one.type is not None or one.conditions is not None:
            problem = "has a test and a combination of tests: it is one of them"
            raise InvalidValueError(here, "oneOf", problem)
        elif one.condition not in allowed:
            problem = f"is none of this module's: {', '.join(sorted(allowed))}"
            name = f"{here}.condition"
            raise InvalidValueError(name, "enum", problem, one.condition)


def _check_combination(one: Condition, here: str, depth: int) -> None:
    # The type may be missing: clients took that for `and`.
    if one.conditions is None:
        raise InvalidValueError(here, "oneOf", "has neither a test nor conditions")
    for name in ("invert", "params"):
        if getattr(one, name) is not None:
            problem = "belongs to a single test, not to a combination"
            raise InvalidValueError(f"{here}.{name}", "additionalProperties", problem)
    if depth == DEEPEST:
        problem = f"is in more than {DEEPEST} combinations"
        raise InvalidValueError(here, "maxDepth", problem)


def _wire_name(model: Model, name: str) -> str:
    fields = msgspec.structs.fields(type(model))
    return next(one.encode_name for one in fields if one.name == name)
