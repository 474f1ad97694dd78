"""The plan of a generated package, in terms of Python: all that templates see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codegen.planning.models import Model
from codegen.planning.unions import TaggedUnion
from codegen.reading.limits import Rule
from codegen.reading.security import Access

BUILTIN_TYPES = {"bool", "bytes", "dict", "float", "int", "list", "object", "str"}


@dataclass(frozen=True, slots=True)
class Section:
    """`Args:` and its like: names with a text each, or one text without a name."""

    title: str
    entries: tuple[tuple[str, str], ...]


Error = tuple[str, str]
"""The name of an exception, and when it is raised."""

Block = str | Section
"""A paragraph, a block of lines that is kept as it is (it holds line ends), or a section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """An argument of an operation."""

    name: str
    annotation: str
    default: str | None
    where: str
    wire: str
    text: str
    """Its documentation."""
    nullable: bool = False
    """Whether a member of the body may be null."""
    rule: Rule = ()
    separator: str | None = None
    """What separates a list that is sent as one value."""
    is_file: bool = False
    secret: bool = False
    credential: bool = False
    models: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation's class and its four methods."""

    name: str
    class_name: str
    tag: str
    method: str
    also: tuple[str, ...]
    """Other methods of the same operation."""
    path: str
    summary: str
    official_name: str
    deprecated: bool
    access: Access
    result: str
    """What the methods return; `str` for a redirect."""
    is_page: bool
    """Whether the result is one page of a list."""
    attributes: Mapping[str, str]
    """What the class declares beside its arguments, as Python."""
    arguments: tuple[Argument, ...]
    """Those in the path first."""
    class_text: Sequence[Block]
    method_text: Sequence[Block]
    async_text: Sequence[Block]
    errors: Sequence[Error]
    details: Sequence[str]
    """Paragraphs for the help of a command line; one that ends with a line end keeps its lines."""
    notes: Sequence[str]
    """What token it needs, and where the facts are from."""
    options: str
    """The parameter of the methods that takes a call's options; empty if they take none."""
    models: frozenset[str]

    @property
    def shown_call(self) -> str:
        """The class with the names of its required arguments, for a hint."""
        required = [item.name for item in self.arguments if item.default is None]
        return f"{self.class_name}({', '.join(required)})"

    @property
    def cleared(self) -> list[str]:
        """The parameters that no frame may keep: secret arguments, and the headers in options."""
        secret = sorted(item.name for item in self.arguments if item.secret)
        return [*secret, self.options] if self.options else secret

    @property
    def rules(self) -> dict[str, Rule]:
        """Python name -> limits."""
        return {item.name: item.rule for item in self.arguments if item.rule}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The operations of a tag, which share a module and the classes with the methods."""

    tag: str
    module: str
    class_name: str
    text: Sequence[Block]
    operations: tuple[Operation, ...]
    imports: tuple[str, ...]
    """The models that the operations name, `Pet as PetModel` where a class here is called `Pet`."""

    @property
    def classes(self) -> list[str]:
        """The classes of the module."""
        names = [operation.class_name for operation in self.operations]
        return [*names, self.class_name, f"Async{self.class_name}"]

    @property
    def raw_classes(self) -> list[str]:
        """The classes of the module for raw answers."""
        return [f"Raw{self.class_name}", f"AsyncRaw{self.class_name}"]

    @property
    def shadowed(self) -> dict[str, str]:
        """Built-in types that are hidden by a method's name, and how to write them instead."""
        names = {operation.name for operation in self.operations}
        return {name: f"builtins.{name}" for name in sorted(BUILTIN_TYPES & names)}


@dataclass(frozen=True, slots=True)
class ModelModule:
    """A module with models: `models.py`, or `webhooks.py` with those that only events use."""

    name: str
    about: str
    models: Sequence[Model]
    unions: Sequence[TaggedUnion]
    events: Mapping[str, str] = field(default_factory=dict)
    """Name of an event -> its model."""

    @property
    def names(self) -> list[str]:
        """The classes and types of the module."""
        return [model.name for model in self.models] + [
            union.name for union in self.unions
        ]

    @property
    def imports(self) -> list[str]:
        """The models of the other module that this one names."""
        used = {*self.events.values()}.union(*(each.models for each in self.models))
        return sorted(used - {*self.names})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClass:
    """The blocking client of an API, and beside it the asynchronous one."""

    name: str
    """`Petstore`; the asynchronous one is `AsyncPetstore`."""
    module: str
    """`client`; the asynchronous one is in `async_client`."""
    home: str
    """The package of both modules."""
    base: str
    """The class of `hipkit.client` that it extends, in a module of that name."""
    variables: str
    """What the environment variables of its token and base URL begin with."""
    default_base_url: str | None
    """The document's first server, if it names a host."""

    @property
    def base_module(self) -> str:
        """The module of the base class."""
        return re.sub("(?<=[a-z])(?=[A-Z])", "_", self.base).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Everything that is generated from one document."""

    name: str
    title: str
    source: str
    command: str
    """The command in the first line of each file."""
    made_by: str = ""
    """The whole command, for the README."""
    client: ClientClass | None = None
    left_out: tuple[str, ...] = ()
    """What could not be generated, by method and path."""
    groups: tuple[Group, ...]
    modules: tuple[ModelModule, ...]

    @property
    def has_own_client(self) -> bool:
        """Whether the client's class is a part of the package."""
        return self.client is not None and self.client.home == self.name

    @property
    def has_content(self) -> bool:
        """Whether there is anything to generate but models."""
        return bool(self.groups or self.modules[-1].events)

    @property
    def operations(self) -> list[Operation]:
        """All operations, group after group."""
        return [operation for group in self.groups for operation in group.operations]
