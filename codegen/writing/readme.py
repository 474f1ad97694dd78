"""The README of a package: a first call, and the texts of its table."""

from __future__ import annotations

import re

from codegen.planning.package import Argument, Package
from codegen.planning.prose import one_line

SAMPLES = {"bool": "True", "bytes": 'b"..."', "float": "1.5", "int": "1"}
NEEDS = {"basic": 'authorization="Basic ..."', "none": ""}
"""What a client is made with for the first call; a token otherwise."""


def first_call(package: Package) -> str:
    """Return a short call that can be sent, of the operation that needs the least; empty without.

    What needs a file, an object or a timestamp is passed over: a sample would not be short.
    """
    calls = []
    for group in package.groups:
        for operation in group.operations:
            needed = [each for each in operation.arguments if each.default is None]
            values = [_sample(each) for each in needed]
            if all(values):
                effort = (operation.method != "GET", operation.deprecated, len(needed))
                method = f"client.{group.module}.{operation.name}"
                calls.append((effort, operation, f"{method}({', '.join(values)})"))
    client = package.client
    if not calls or client is None:
        return ""
    _, operation, call = min(calls, key=lambda each: each[0])
    token = (
        ""
        if operation.access.is_optional
        else NEEDS.get(operation.access.auth, '"TOKEN"')
    )
    base_url = "" if client.default_base_url else 'base_url="https://api.example.com"'
    made = f"{client.name}({', '.join(filter(None, (token, base_url)))})"
    sent = call if operation.result == "None" else f"print({call})"
    return f"from {package.name} import {client.name}\n\nwith {made} as client:\n    {sent}"


def cell(text: str) -> str:
    """Return a text of the document for the inside of a table in Markdown."""
    return one_line(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _sample(argument: Argument) -> str:
    """Return a value for an argument, as Python; empty if none is short enough."""
    found = re.match(r"(list\[)?(Literal\[)?('[\w-]+'|\w+)", argument.annotation)
    if found is None:
        return ""
    samples = SAMPLES | {"str": f'"{argument.name}"'}
    is_list, is_literal, word = found.groups()
    value = word.replace("'", '"') if is_literal else samples.get(word, "")
    value = f"[{value}]" if is_list and value else value
    is_named = value and argument.where != "path"
    return f"{argument.name}={value}" if is_named else value
