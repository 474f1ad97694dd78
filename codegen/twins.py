"""Render the async half of a hand-written module from its sync half, the one that is edited.

The text is kept, with its comments and layout. It is edited at exact positions, which Python's own
parser and tokenizer report. `pairs.py` lists the modules and what differs in each. What cannot be
converted is an error with its line: the output is never half right.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from codegen.reading.document import SpecError
from codegen.writing.formatting import HEADER, formatted

__all__ = ["Twin", "render_twin", "render_twins"]

PROTOCOL = {
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
    "__iter__": "__aiter__",
    "__next__": "__anext__",
}
AWAITED_PROTOCOL = PROTOCOL.keys() - {"__iter__"}

CODE_SPAN = re.compile(r"`[^`\n]+`")
DOTTED = re.compile(r"[A-Za-z_][\w.]*")
WORD = re.compile(r"\w+")

Node = ast.stmt | ast.expr

# In an inner scope an `await` would be an error, or change what the expression is.
SCOPES = (
    ast.FunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.ClassDef,
    ast.Module,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A sync module, and what differs in its async half.

    Every name is one of the source. `_transport.send` means `send` only after `_transport.`; a
    method may be called `send` or `self.send` here.
    """

    source: str
    """Its path below the project's root."""
    target: str
    names: Mapping[str, str] = field(default_factory=dict)
    """Identifiers and what they become: in code, in `__all__`, and in the code spans of comments
    and docstrings."""
    awaited: Set[str] = frozenset()
    """Functions that become `async def`, and whose calls are awaited."""
    iterated: Set[str] = frozenset()
    """Generators that become asynchronous, and what else `for` becomes `async for` over."""
    entered: Set[str] = frozenset()
    """What `with` becomes `async with` for."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Passages, such as the first line of a docstring, and what stands in their place."""


def render_twin(twin: Twin, text: str) -> str:
    """Return the async half of a module's text, not yet formatted.

    Raises:
        SpecError: Something cannot be converted, or an entry of the table fits nothing.
    """
    header = f"{HEADER}`python -m codegen` from {twin.source}: edits are lost.\n"
    return header + _Conversion(twin, text).result()


def render_twins(root: Path, twins: Iterable[Twin]) -> dict[Path, dict[str, str]]:
    """Return the async halves of a project: by folder, and by the name of the file.

    Raises:
        SpecError: A source cannot be read or converted.
    """
    texts: dict[str, str] = {}
    for twin in twins:
        try:
            source = root.joinpath(twin.source).read_text(encoding="utf-8")
        except OSError as error:
            raise SpecError(f"{twin.source}: {error.strerror}") from None
        texts[twin.target] = render_twin(twin, source)
    folders: dict[Path, dict[str, str]] = {}
    for target, text in formatted("hipkit", texts).items():
        path = root / target
        folders.setdefault(path.parent, {})[path.name] = text
    return folders


class _Conversion:
    """The edits of one module, collected and then made at once."""

    def __init__(self, twin: Twin, text: str) -> None:
        self._twin = twin
        self._text = text
        try:
            self._tree = ast.parse(text)
        except SyntaxError as error:
            raise SpecError(f"{twin.source}:{error.lineno}: {error.msg}") from None
        self._parents = {
            child: parent
            for parent in ast.walk(self._tree)
            for child in ast.iter_child_nodes(parent)
        }
        self._lines = list(io.StringIO(text))  # `splitlines` knows more ends of lines.
        self._starts = [0, *accumulate(map(len, self._lines))]
        self._unused = {
            *twin.names,
            *twin.awaited,
            *twin.iterated,
            *twin.entered,
            *twin.texts,
        }
        self._names = {**PROTOCOL, **twin.names}
        self._awaited = AWAITED_PROTOCOL | twin.awaited
        self._edits: list[tuple[int, int, str]] = []
        self._replaced: list[tuple[int, int]] = []

    def result(self) -> str:
        """Return the module with all edits made."""
        for passage, replacement in self._twin.texts.items():
            for found in re.finditer(re.escape(passage), self._text):
                self._unused.discard(passage)
                self._edits.append((*found.span(), replacement))
                self._replaced.append(found.span())
        for node in ast.walk(self._tree):
            if isinstance(node, Node) and not self._is_replaced(self._start(node)):
                self._convert(node)
        self._rename()
        if self._unused:
            entry = min(self._unused)
            fault = f"{entry!r} does not occur here; remove it from codegen/pairs.py"
            raise SpecError(f"{self._twin.source}: {fault}")
        pieces, position = [], 0
        for start, end, replacement in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < position:
                line = self._text.count("\n", 0, start) + 1
                raise SpecError(f"{self._twin.source}:{line}: two entries overlap here")
            pieces += [self._text[position:start], replacement]
            position = end
        return "".join([*pieces, self._text[position:]])

    def _convert(self, node: Node) -> None:
        match node:
            case ast.FunctionDef() if self._is_async(node):
                self._insert(node, "async ")
            case ast.Call() if self._listed(node, self._awaited):
                parent = self._parents[node]
                if isinstance(parent, ast.Attribute | ast.Subscript) or (
                    isinstance(parent, ast.Call) and parent.func is node
                ):
                    raise self._error(
                        node, "give the awaited result a name before using its parts"
                    )
                self._check_scope(node)
                self._insert(node, "await ")
            case ast.For() if self._listed(node.iter, self._twin.iterated):
                self._check_scope(node)
                self._insert(node, "async ")
            case (
                ast.ListComp(generators=loops)
                | ast.SetComp(generators=loops)
                | ast.DictComp(generators=loops)
                | ast.GeneratorExp(generators=loops)
            ):
                if any(self._listed(loop.iter, self._twin.iterated) for loop in loops):
                    raise self._error(node, "write a loop: it becomes asynchronous")
            case ast.With():
                self._enter(node)
            case ast.YieldFrom():
                self._delegate(node)
            case ast.JoinedStr():
                self._check_text(node)
            case ast.Expr(value=ast.Constant(value=str())):
                self._rename_spans(self._start(node), self._end(node))
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(exports)):
                for export in exports:
                    start, end = self._start(export) + 1, self._end(export) - 1
                    self._replace_name(start, end, self._text[start:end])

    def _enter(self, node: ast.With) -> None:
        entered = [
            self._listed(item.context_expr, self._twin.entered) for item in node.items
        ]
        if any(entered):
            if not all(entered):
                raise self._error(node, "write a with statement for each of the two")
            self._check_scope(node)
            self._insert(node, "async ")

    def _delegate(self, node: ast.YieldFrom) -> None:
        """Write a loop for `yield from`, which an asynchronous generator must not have."""
        scope = self._scope(node)
        if not (isinstance(scope, ast.FunctionDef) and self._is_async(scope)):
            return
        if not isinstance(self._parents[node], ast.Expr):
            raise self._error(node, "the value of `yield from` has no async form")
        word = "async " * self._listed(node.value, self._twin.iterated)
        start, end = self._start(node), self._end(node)
        self._edit(start, start + len("yield from"), f"{word}for item in")
        indent = " " * (node.col_offset + 4)
        self._edit(end, end, f":\n{indent}yield item")

    def _check_text(self, node: ast.JoinedStr) -> None:
        """Reject what would have to change in an f-string: Python 3.11 reports no positions."""
        changing = {*self._names, *self._awaited}
        for part in ast.walk(node):
            name = getattr(part, "attr", getattr(part, "id", getattr(part, "arg", "")))
            if any(name == key.rpartition(".")[2] for key in changing):
                raise self._error(node, f"give what {name!r} is in here its own line")

    def _rename(self) -> None:
        """Replace identifiers in code, and in the code spans of comments."""
        path, previous = "", ""
        for token in tokenize.generate_tokens(io.StringIO(self._text).readline):
            if (
                token.type == tokenize.NL
            ):  # A chain of names may go on in the next line.
                continue
            start, end = (
                self._starts[row - 1] + column
                for row, column in (token.start, token.end)
            )
            if token.type == tokenize.NAME:
                path = f"{path}.{token.string}" if previous == "." else token.string
                self._replace_name(start, end, "self." * (previous == "def") + path)
            elif token.type == tokenize.COMMENT:
                self._rename_spans(start, end)
                continue
            elif token.string != ".":
                path = ""
            previous = token.string

    def _rename_spans(self, start: int, end: int) -> None:
        for span in CODE_SPAN.finditer(self._text, start, end):
            for dotted in DOTTED.finditer(self._text, *span.span()):
                for word in WORD.finditer(self._text, *dotted.span()):
                    path = self._text[dotted.start() : word.end()]
                    self._replace_name(*word.span(), path)

    def _replace_name(self, start: int, end: int, path: str) -> None:
        """Replace the last identifier of a dotted path, if it is listed."""
        key = self._key(path, self._names)
        if key is not None:
            self._edit(end - len(key.rpartition(".")[2]), end, self._names[key])

    def _is_async(self, function: ast.FunctionDef) -> bool:
        return (
            self._key(f"self.{function.name}", self._awaited | self._twin.iterated)
            is not None
        )

    def _listed(self, node: ast.expr, keys: Set[str]) -> bool:
        """Return whether an expression, or the function that it calls, is listed."""
        called = node.func if isinstance(node, ast.Call) else node
        return self._key(ast.unparse(called), keys) is not None

    def _key(self, path: str, keys: Iterable[str]) -> str | None:
        """Return the key that is the path or its end."""
        for key in _ends(path):
            if key in keys:
                self._unused.discard(key)
                return key
        return None

    def _check_scope(self, node: Node) -> None:
        scope = self._scope(node)
        if not isinstance(scope, ast.FunctionDef):
            raise self._error(node, "awaited outside of a function's own statements")
        if not self._is_async(scope):
            raise self._error(node, f"awaited in {scope.name!r}, which is not listed")

    def _scope(self, node: ast.AST) -> ast.AST:
        while not isinstance(node := self._parents[node], SCOPES):
            pass
        return node

    def _insert(self, node: Node, word: str) -> None:
        start = self._start(node)
        self._edit(start, start, word)

    def _edit(self, start: int, end: int, replacement: str) -> None:
        if not self._is_replaced(start):
            self._edits.append((start, end, replacement))

    def _is_replaced(self, position: int) -> bool:
        return any(start <= position < end for start, end in self._replaced)

    def _start(self, node: Node) -> int:
        return self._offset(node.lineno, node.col_offset)

    def _end(self, node: Node) -> int:
        line, column = node.end_lineno, node.end_col_offset
        return self._offset(line or node.lineno, column or 0)

    def _offset(self, line: int, column: int) -> int:
        """Return a position in the text; the parser counts columns in bytes."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)

    def _error(self, node: Node, fault: str) -> SpecError:
        return SpecError(f"{self._twin.source}:{node.lineno}: {fault}")


def _ends(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[index:]) for index in range(len(parts)))
