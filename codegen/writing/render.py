"""Render a plan into the text of every file: templates, then ruff (`formatting.py`).

Templates import all that they may need; ruff removes unused imports, sorts and formats.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import jinja2

from codegen.planning.package import (
    Block,
    Group,
    ModelClass,
    Operation,
    Package,
    UnionClass,
)
from codegen.planning.plan import renamed
from codegen.planning.prose import one_line, titled
from codegen.writing.docstrings import layout
from codegen.writing.formatting import formatted
from codegen.writing.readme import cell, first_call

CLASS_MAPPING = re.compile(r"^ +(query|header|members|rules|kinds) = \{", re.MULTILINE)
EXCUSE = "# ruff: noqa: RUF012 - the base class declares these as class variables"

LITERAL_WIDTH = 64
"""Leaves room for the indentation and the name of an argument before a literal."""


def render(package: Package) -> dict[str, str]:
    """Return the text of every file, by its path inside the package."""
    environment = _environment(package)
    texts = {name: _excused(text) for name, text in _texts(environment, package)}
    texts = formatted(package.name, texts)
    if package.has_own_client:
        texts |= {"README.md": _readme(environment, package), "py.typed": ""}
    return texts


def _readme(environment: jinja2.Environment, package: Package) -> str:
    template = environment.get_template("README.md.jinja")
    title = one_line(package.title) or package.name
    return template.render(title=title, call=first_call(package))


def render_clients(package: Package) -> dict[str, str]:
    """Return the texts of the modules with the client and the asynchronous one, by their names.

    They are part of the package unless its client has another home.
    """
    texts = dict(_clients(_environment(package), package))
    return formatted(package.name, texts)


def _environment(package: Package) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # noqa: S701 - Python, not HTML; `literal` and `docstring` escape
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        literal=repr,  # The plan holds nothing but plain values.
        wrapped=wrapped,
        as_set=lambda values: f"{{{repr(values)[1:-1]}}}",
        as_tuple=lambda values: repr(tuple(values)),
        docstring=layout,
        cell=cell,
        prose=_prose,
        renamed=renamed,
        group_docstring=_group_docstring,
    )
    environment.globals.update(package=package, header=_header(package))
    return environment


def wrapped(text: str) -> str:
    """Write a text as a Python literal; a long one as several, which Python joins."""
    pieces: list[str] = []
    for line in text.split("\n"):
        # Every space stays: joined, the pieces are the text again.
        pieces += textwrap.wrap(
            line, LITERAL_WIDTH, drop_whitespace=False, break_on_hyphens=False
        ) or [""]
        pieces[-1] += "\n"
    pieces[-1] = pieces[-1].removesuffix("\n")
    literals = [repr(piece) for piece in pieces if piece] or ["''"]
    return f"({' '.join(literals)})" if len(literals) > 1 else literals[0]


def _texts(
    environment: jinja2.Environment, package: Package
) -> Iterable[tuple[str, str]]:
    def text(template: str, **values: object) -> str:
        return environment.get_template(f"{template}.jinja").render(**values)

    homes = _homes(package)
    exports = [name for names in homes.values() for name in names]
    exports += ["Api", "AsyncApi", "RawApi", "AsyncRawApi"]
    docstring = layout(_package_blocks(package), 0)
    yield (
        "__init__.py",
        text("__init__.py", docstring=docstring, homes=homes, exports=exports),
    )
    yield "catalog.py", text("catalog.py")
    if package.has_own_client:
        yield from _clients(environment, package)
    yield "help.py", text("help.py")
    about = "The models of the API."
    yield "models.py", _models(text, about, package.models, package.unions)
    if package.events:
        about = "The events that the API sends, by name."
        imports = {model for _, model in package.events}.union(
            *(model.models for model in package.event_models)
        )
        own = _names(package.event_models, package.event_unions)
        webhooks = _models(
            text,
            about,
            package.event_models,
            package.event_unions,
            package.events,
            sorted(imports - {*own}),
        )
        yield "webhooks.py", webhooks
    about = "The methods that return raw responses; see `RawApi`."
    yield "raw/__init__.py", f"{_header(package)}\n{layout([about], 0)}\n"
    for group in package.groups:
        yield f"{group.module}.py", text("group.py", group=group)
        yield f"raw/{group.module}.py", text("raw_group.py", group=group)


def _clients(
    environment: jinja2.Environment, package: Package
) -> Iterable[tuple[str, str]]:
    client = package.client
    if client is None:
        return
    title = one_line(package.title) or package.name
    template = environment.get_template("client.py.jinja")
    for prefix, kind, about in (
        (
            "",
            "blocking",
            f"A blocking client of {title}. Safe for use by many threads.",
        ),
        (
            "Async",
            "asynchronous",
            f"An asynchronous client of {title}; the counterpart of `{client.name}`.",
        ),
    ):
        docstring = f"The {kind} client of {title}, `{prefix}{client.name}`."
        module = f"{prefix.lower()}_{client.module}" if prefix else client.module
        yield (
            f"{module}.py",
            template.render(
                client=client,
                prefix=prefix,
                about=about,
                docstring=layout([docstring], 0),
            ),
        )


def _models(
    text: Callable[..., str],
    about: str,
    models: Sequence[ModelClass],
    unions: Sequence[UnionClass],
    events: Sequence[tuple[str, str]] = (),
    imports: Sequence[str] = (),
) -> str:
    return text(
        "models.py",
        docstring=layout([about], 0),
        models=models,
        unions=unions,
        exports=_names(models, unions) + ["EVENTS", "Event"] * bool(events),
        events=events,
        imports=imports,
    )


def _names(models: Sequence[ModelClass], unions: Sequence[UnionClass]) -> list[str]:
    return [each.name for each in models] + [each.name for each in unions]


def _homes(package: Package) -> dict[str, list[str]]:
    """Return the module of each public name; an operation goes before a model of its name."""
    homes = {group.module: group.classes for group in package.groups}
    homes |= {f"raw.{group.module}": group.raw_classes for group in package.groups}
    if package.client is not None and package.has_own_client:
        module, name = package.client.module, package.client.name
        homes |= {module: [name], f"async_{module}": [f"Async{name}"]}
    taken = {name for names in homes.values() for name in names}
    for module, names in (
        ("models", _names(package.models, package.unions)),
        ("webhooks", _names(package.event_models, package.event_unions)),
    ):
        if free := [name for name in names if name not in taken]:
            homes[module] = free
    return homes


def _package_blocks(package: Package) -> list[Block]:
    title = one_line(package.title) or package.name
    return [
        *titled(f"{title}: {_count(package.operations)}, typed", "A typed API."),
        "Each tag has a module with its operations and the methods that send them. `models.py`"
        " has the objects, `catalog.py` a table of all operations, and `help.py` the texts for a"
        " command line. Modules are imported on first use.",
        *_left_out(package.left_out),
    ]


def _left_out(names: Sequence[str]) -> Iterable[Block]:
    if names:
        lines = "\n".join(f"- `{one_line(name)}`" for name in names)
        yield f"Left out, since the generator does not support it:\n\n{lines}"


def _group_docstring(group: Group) -> str:
    title = f"{group.tag}: {_count(group.operations)}"
    first, *rest = titled(title, "Operations of one tag.")
    return layout([first, *group.text, *rest], 0)


def _count(operations: Sequence[Operation]) -> str:
    return f"{len(operations)} operation{'s' * (len(operations) != 1)}"


def _prose(text: str) -> str:
    """Return a text of the document for the inside of a docstring in a template."""
    return one_line(text).replace("\\", "\\\\").replace('"', '\\"')


def _header(package: Package) -> str:
    return (
        f"# Generated by `{package.command}` from {package.source}: edits are lost.\n"
    )


def _excused(text: str) -> str:
    """Add the linter's exception to a file that has mappings in classes."""
    if not CLASS_MAPPING.search(text):
        return text
    head, _, rest = text.partition("\n")
    return f"{head}\n{EXCUSE}\n{rest}"
