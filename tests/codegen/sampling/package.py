"""A generated package, as a user has it: imported, called by what it publishes, answered.

Of the package nothing is used but what it publishes: the catalogue, and which name on the wire
each argument of an operation has.
"""

from __future__ import annotations

import copy
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, cast, get_args

import msgspec

from hipkit.api.bodies.extra import EXTRA
from hipkit.api.bodies.reading import UnreadableError, convert_json
from hipkit.api.catalog import Entry
from hipkit.api.operation import Operation
from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from tests.codegen.sampling.expectation import Call
from tests.codegen.sampling.reading import (
    FORM_DATA,
    Content,
    OperationDescription,
    Parameter,
)

__all__ = ["Mismatch", "Package", "Recorder", "arguments_for", "body_for", "importing"]

Kind = type[Operation[object]]
Arguments = dict[str, object]


class Mismatch(Exception):  # noqa: N818 - a finding, and no error of this program
    """The package has no such operation or argument, or does not take a valid value."""


@dataclass
class Recorder:
    """A transport's handler that keeps what was sent and answers as it is told."""

    answer: RawResponse = field(default_factory=lambda: RawResponse(204, {}))
    requests: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> RawResponse:
        """Keep a request, and answer it."""
        self.requests.append(request)
        return self.answer


@dataclass(frozen=True)
class Package:
    """An imported package."""

    name: str
    modules: Mapping[str, ModuleType]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The catalogue."""
        catalog = self.modules.get("catalog")
        return () if catalog is None else catalog.OPERATIONS

    def kind_of(self, operation: OperationDescription) -> Kind:
        """Return an operation's class, by its method and path.

        Raises:
            Mismatch: The catalogue does not have it.
        """
        wanted = _shape(operation.path)
        found = [
            entry
            for entry in self.entries
            if entry.method == operation.method and _shape(entry.path).endswith(wanted)
        ]
        if not found:
            raise Mismatch("the catalogue does not have it")
        # Servers of its own may have added a prefix.
        entry = min(found, key=lambda each: len(_shape(each.path)))
        return cast("Kind", self.modules["catalog"].load(entry.operation_id))

    def client(
        self, recorder: Recorder, *, is_async: bool = False, **options: object
    ) -> Any:
        """Return a client of the package over a recorder."""
        module = self.modules["async_client" if is_async else "client"]
        kind = getattr(module, module.__all__[0])
        transport = (AsyncMemoryTransport if is_async else MemoryTransport)(recorder)
        return kind(transport=transport, allow_http=True, retries=0, **options)

    @property
    def default_base_url(self) -> str | None:
        """The address that its client has when none is given."""
        module = self.modules["client"]
        found = getattr(module, module.__all__[0])._default_base_url
        return cast("str | None", found)

    @property
    def events(self) -> Mapping[str, Any]:
        """The models of events, by name."""
        module = self.modules.get("webhooks")
        return {} if module is None else module.EVENTS

    def method_of(self, client: Any, kind: Kind) -> Any:
        """Return the client's method of an operation.

        Raises:
            Mismatch: It has none, or several.
        """
        entry = next(each for each in self.entries if each.class_name == kind.__name__)
        group = getattr(client, entry.module.rpartition(".")[2])
        wanted = _plain(kind.__name__)
        names = [
            name
            for name in dir(group)
            if not name.startswith("__") and _plain(name) == wanted
        ]
        if len(names) != 1:
            raise Mismatch(f"the client has {names or 'no method'} for {wanted}")
        return getattr(group, names[0])


@contextmanager
def importing(folder: Path, name: str) -> Iterator[Package]:
    """Import every module of a package in a folder."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        root = importlib.import_module(name)
        modules = {
            found.name.removeprefix(f"{name}."): importlib.import_module(found.name)
            for found in pkgutil.walk_packages(root.__path__, f"{name}.")
        }
        for public in root.__all__:
            getattr(root, public)
        yield Package(name, modules)
    finally:
        sys.path.remove(str(folder))
        for module in [key for key in sys.modules if key.split(".")[0] == name]:
            del sys.modules[module]


def body_for(kind: Kind, operation: OperationDescription) -> Content | None:
    """Return the documented body that a package chose to send.

    Raises:
        Mismatch: It sends another one than any that is documented.
    """
    if kind.body_kind is None:
        if operation.bodies:
            raise Mismatch("it sends no body")
        return None
    for content in operation.bodies:
        is_parts = content.media_type.startswith(FORM_DATA)
        if is_parts if kind.body_kind == "multipart" else _is_sent(content, kind):
            return content
    documented = [content.media_type for content in operation.bodies]
    raise Mismatch(f"it sends {kind.content_type}, and {documented} are documented")


def _is_sent(content: Content, kind: Kind) -> bool:
    return content.media_type == kind.content_type or "*" in content.media_type


def arguments_for(kind: Kind, call: Call) -> Arguments:
    """Return the arguments of a call.

    Raises:
        Mismatch: A value has no argument, or its argument does not take it.
    """
    found: Arguments = {}
    types = {each.name: each.type for each in msgspec.structs.fields(kind)}
    for name, value in _given(kind, call):
        if name not in types:
            raise Mismatch(f"there is no argument {name}")
        found[name] = _converted(kind, name, value, types[name])
    return found


def _given(kind: Kind, call: Call) -> Iterator[tuple[str, object]]:
    in_path = dict(zip(_names(call.operation.path), _names(kind.path), strict=False))
    for parameter, value in call.values:
        if parameter.where == "path":
            yield in_path[parameter.name], value
        else:
            yield from _arguments(kind, parameter, value)
    if call.content is None:
        return
    if kind.whole_body:
        yield "body", call.body
        return
    assert isinstance(call.body, Mapping)
    by_wire = {wire: name for name, wire in kind.members.items()}
    for wire, value in call.body.items():
        if wire not in by_wire:
            raise Mismatch(f"no argument sends the member {wire!r} of the body")
        yield _named_for(by_wire[wire], wire), value


def _arguments(
    kind: Kind, parameter: Parameter, value: object
) -> Iterator[tuple[str, object]]:
    published: Mapping[str, str] = {
        "query": kind.query,
        "header": kind.header,
        "cookie": getattr(kind, "cookie", {}),
    }[parameter.where]
    by_wire = {wire: name for name, wire in published.items()}
    if parameter.name in by_wire:
        yield _named_for(by_wire[parameter.name], parameter.name), value
        return
    members: Mapping[str, object] = value if isinstance(value, Mapping) else {}
    is_deep = parameter.style == "deepObject"
    whole = f"{parameter.name}[{EXTRA}]" if is_deep else EXTRA
    if whole in by_wire:
        yield by_wire[whole], value
        return
    for key, item in members.items():
        wire = f"{parameter.name}[{key}]" if is_deep else key
        name = by_wire.get(wire) or by_wire.get(f"{wire}[{EXTRA}]")
        if name is None:
            break
        yield name, item
    else:
        if isinstance(value, Mapping):
            return
    raise Mismatch(f"no argument sends the {parameter.where} {parameter.name!r}")


def _named_for(name: str, wire: str) -> str:
    """Return an argument's name, which resembles the one on the wire.

    Raises:
        Mismatch: It does not, so that a caller would give the value to another argument.
    """
    if not _plain(wire) or _plain(wire) in _plain(name):
        return name
    raise Mismatch(f"the argument {name} sends {wire!r}")


def _converted(kind: Kind, name: str, value: object, type_: Any) -> object:
    if name in kind.files:
        if isinstance(value, list):
            return [str(each).encode() for each in value]
        return str(value).encode()
    if kind.whole_body and name == "body" and kind.body_kind == "bytes":
        return value if _takes_text(type_) else str(value).encode()
    try:
        # As a caller would build it from plain values, extra members included.
        return convert_json(copy.deepcopy(value), type_)
    except UnreadableError as error:
        raise Mismatch(
            f"the argument {name} does not take {value!r}: {error}"
        ) from error
    except TypeError as error:
        # Callers may pass one of several types that JSON cannot tell apart.
        if type(value) in get_args(type_):
            return value
        raise Mismatch(f"the argument {name} takes no JSON: {error}") from error


def _takes_text(type_: Any) -> bool:
    try:
        msgspec.convert("text", type_, builtin_types=(bytes,))
    except msgspec.ValidationError:
        return False
    return True


def _names(path: str) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", path)


def _shape(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
