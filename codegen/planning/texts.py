"""The texts of operations, arguments and models, as Google-style blocks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from codegen.planning.models import Member, Model
from codegen.planning.package import Argument, Block, Error, Operation, Section
from codegen.planning.prose import (
    LONGEST_FIRST_LINE,
    bullets,
    one_line,
    paragraphs,
    sentence,
    split_link,
    titled,
)
from codegen.planning.unions import TaggedUnion
from codegen.reading.bodies import Answer, answers, body
from codegen.reading.document import Node, SpecError, pointer
from codegen.reading.limits import Limits
from codegen.reading.paths import PathOperation

LONGEST_DEFAULT = 60

ERRORS = {
    "400": "BadRequestError",
    "401": "UnauthorizedError",
    "403": "ForbiddenError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "429": "RateLimitError",
    "5XX": "ServerError",
}

FEW, COMMON_SHARE = 3, 1 / 3
"""Errors that fewer operations declare, or a smaller share, are described with each."""

UNREACHABLE = "405"
"""Method not allowed: a generated method never gets it, since it has the path's own method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTexts:
    """The texts of an operation, for its docstrings and its help."""

    operation: PathOperation
    arguments: Sequence[Argument]
    returns: bool
    takes_options: bool
    common_errors: Set[Error]
    """What the docstring of the module has already."""

    @property
    def _node(self) -> Node:
        return self.operation.node

    def for_class(self, method: str) -> list[Block]:
        """Return the blocks for the class: what it is, and the method that describes it."""
        title, *_ = self._title()
        line = f"{title.removesuffix('.')}; see `{method}`."
        is_long = len(line) > LONGEST_FIRST_LINE + 4
        return [title, f"See `{method}`."] if is_long else [line]

    def for_method(self) -> list[Block]:
        """Return the blocks for the blocking method: all that is known."""
        return [
            *self._head(),
            *self._quirks(),
            *_section("Args", self._argument_entries()),
            *_section("Returns", self._returned()),
            *_section("Raises", self._raised()),
            *self.notes(),
        ]

    def for_async_method(self) -> list[Block]:
        """Return the blocks for the asynchronous method: what its callers need."""
        return [*self._head(), *_section("Args", self._argument_entries())]

    def details(self) -> list[str]:
        """Return the paragraphs for the command line's help; the catalog has the summary."""
        return [
            *self._title()[1:],
            *self._description(),
            *self._deprecation(),
            *self._quirks(),
        ]

    def _title(self) -> list[str]:
        return titled(self._node.text("summary"), f"Call `{self.operation.name}`.")

    def _description(self) -> list[str]:
        return paragraphs(split_link(self._node.text("description"))[0])

    def _head(self) -> list[str]:
        bare = "Takes no options, since an argument is called like one: see `with_options`."
        page = "The response is one page of a list; a client's `items()` iterates over all pages."
        return [
            *self._title(),
            *self._description(),
            *[page] * self._node.flag("x-page"),
            *[bare] * (not self.takes_options),
            *self._deprecation(),
        ]

    def _deprecation(self) -> list[str]:
        if not self._node.flag("deprecated"):
            return []
        instead = one_line(self._node.text("x-superseded-by"))
        return [f"Deprecated by the API{f': use `{instead}`' if instead else ''}."]

    def _quirks(self) -> list[str]:
        """Return what sources disagree on."""
        quirks = self._node.texts("x-quirks")
        return ["Known quirks:", bullets(map(sentence, quirks))] if quirks else []

    def _argument_entries(self) -> list[tuple[str, str]]:
        return [
            (
                argument.name,
                f"{argument.text} `None` sends null."
                if argument.nullable and not re.search("null|None", argument.text)
                else argument.text,
            )
            for argument in self.arguments
        ]

    def _returned(self) -> list[tuple[str, str]]:
        good = [
            answer for answer in answers(self.operation) if answer.status[0] in "23"
        ]
        good = good or [
            answer for answer in answers(self.operation) if answer.status == "default"
        ]
        texts = dict.fromkeys(sentence(answer.description) for answer in good)
        text = " ".join(filter(None, texts)) if self.returns else ""
        return [("", text)] if text else []

    def _raised(self) -> list[tuple[str, str]]:
        return _by_error(
            error
            for error in declared_errors(answers(self.operation))
            if error not in self.common_errors
        )

    def notes(self) -> list[str]:
        """Return what token is needed, and where the facts are from."""
        node, auth = self._node, self.operation.access.auth
        notes: list[str] = []
        if auth == "none":
            notes.append("No token is sent.")
        elif auth == "key":
            notes.append("Authenticates with an API key, the client's token.")
        elif auth == "basic" and not node.texts("x-scopes"):
            notes.append("Authenticates with a client id and secret, or with a token.")
        elif node.has("x-scopes") or node.has("x-token-types"):
            notes.append(self._token_text())
        content = body(self.operation)
        if content is not None and content.others:
            notes.append(
                f"The body is sent as `{content.content_type}`; the API takes"
                f" {_choice(content.others)} as well."
            )
        official, confidence = node.text("x-official-name"), node.text("x-confidence")
        if official:
            sure = f" (confidence: {confidence})" if confidence else ""
            notes.append(
                f"Source: the official method page `{official}`, now gone{sure}."
            )
        if link := split_link(node.text("description"))[1]:
            notes.append(f"See: {link}")
        return [one_line(note) for note in notes]

    def _token_text(self) -> str:
        scopes, kinds = self._node.texts("x-scopes"), self._node.texts("x-token-types")
        sure = self._node.text("x-scopes-confidence")
        scope = f"Scope: {_choice(scopes)}" if scopes else "Scope: none, or not known"
        sure = f" (confidence: {sure})" if scopes and sure else ""
        return f"{scope}{sure}. Token: {', '.join(kinds) or 'kind not known'}."


def common_errors(operations: Iterable[PathOperation]) -> frozenset[Error]:
    """Return the errors that so many operations declare that once is enough to describe them."""
    counted: Counter[Error] = Counter()
    total = 0
    for operation in operations:
        # What is wrong with it is reported when it is planned.
        with suppress(SpecError):
            counted.update(declared_errors(answers(operation)))
            total += 1
    return frozenset(
        error
        for error, number in counted.items()
        if number >= max(FEW, total * COMMON_SHARE)
    )


def declared_errors(found: Iterable[Answer]) -> list[Error]:
    """Return the errors among the answers of an operation, each once."""
    errors: dict[Error, None] = {}
    for answer in found:
        status = answer.status
        if status[0] in "45" and status != UNREACHABLE:
            name = ERRORS.get("5XX" if status[0] == "5" else status, "ApiError")
            text = sentence(answer.description) or f"The server answers {status}."
            errors[name, text] = None
    return list(errors)


def group_text(
    description: str, operations: Iterable[Operation], common: Set[Error]
) -> list[Block]:
    """Return the blocks for the module of a tag, with the errors that many operations have."""
    operations = list(operations)
    blocks: list[Block] = [*paragraphs(description)]
    errors = (error for each in operations for error in each.errors if error in common)
    if raised := _by_error(dict.fromkeys(errors)):
        lines = (f"`{name}`: {text}" for name, text in raised)
        blocks += [
            "Methods may raise, besides the errors that they list:",
            bullets(lines),
        ]
    if any(each.options for each in operations):
        blocks.append(
            "Methods take the options of a call, such as `timeout`; see `CallOptions`."
        )
    return blocks


def _by_error(errors: Iterable[Error]) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for name, text in errors:
        found.setdefault(name, []).append(text)
    return [(name, " ".join(texts)) for name, texts in found.items()]


def _section(title: str, entries: Sequence[tuple[str, str]]) -> list[Block]:
    return [Section(title, tuple(entries))] if entries else []


def model_text(model: Model) -> list[Block]:
    """Return the blocks for a model."""
    first, *rest = paragraphs(model.description) or [""]
    head, tail = _split_first(first)
    if not head:
        place = f"The object at `{one_line(pointer(model.place))}`."
        head = place if len(place) <= LONGEST_FIRST_LINE else "An object of the API."
    texts = [
        (member.name, text) for member in model.members if (text := member_text(member))
    ]
    tail = tail if "\n" in tail else sentence(tail)
    blocks = [sentence(head), *filter(None, [tail]), *rest]
    return [*blocks, *_section("Attributes", texts)]


def union_text(union: TaggedUnion) -> list[Block]:
    """Return the blocks for a union of models."""
    kinds = [*dict.fromkeys(union.kinds.values())]
    about = (
        f"{_choice(kinds)}, by `{one_line(union.tag)}`; a `dict` if that is another."
    )
    return [*paragraphs(union.description), about]


def member_text(member: Member) -> str:
    """Return the documentation of a model's member."""
    values = member.limits.enum or ()
    text = sentence(described(member))
    limits = _limits(member.limits, text)
    shown = [f"`{one_line(str(value))}`" for value in values if value is not None]
    if shown and not all(value in text for value in shown):
        limits.append(f"Known values: {', '.join(shown)}.")
    return " ".join(filter(None, [text, *limits]))


def described(member: Member) -> str:
    """Return a member's description; of one that a shared schema has, the first sentence."""
    node = member.node
    if node.has("$ref") and not node.has("description"):
        return one_line(member.description).partition(". ")[0]
    return member.description


def argument_text(
    description: str,
    limits: Limits,
    default: object,
    *,
    fallback: str,
) -> str:
    """Return the documentation of an argument: description, limits and default."""
    text = sentence(description)
    texts = [text or sentence(fallback), *_limits(limits, text)]
    has_default = "left out" in text or "default" in text.lower()
    if default is not None and not has_default:
        is_text = isinstance(default, str)
        shown = str(default) if is_text else json.dumps(default, ensure_ascii=False)
        if 0 < len(shown) <= LONGEST_DEFAULT:
            texts.append(f"The server's default is `{one_line(shown)}`.")
    return " ".join(texts)


def _split_first(text: str) -> tuple[str, str]:
    """Split a description after the sentence or clause that fits into a first line."""
    if "\n" in text:
        return "", text
    for mark in (". ", ": ", "; "):
        head, _, tail = text.partition(mark)
        if len(head) <= LONGEST_FIRST_LINE:
            return head, tail[:1].upper() + tail[1:]
    return "", text


def _limits(limits: Limits, description: str) -> list[str]:
    unit = "item" if limits.is_list else "character"
    texts = [
        _range(limits.min_length or None, limits.max_length, unit, description),
        _range(limits.minimum, limits.maximum, "", description),
    ]
    for other, values in limits.required_when:
        if "equired" not in description:
            texts.append(f"Required when `{one_line(other)}` is {_choice(values)}.")
    return [text for text in texts if text]


def _range(low: float | None, high: float | None, unit: str, description: str) -> str:
    """Return a range as text, unless the description has its numbers."""
    if low == 0 and high is None:
        return ""
    numbers = [f"{bound:,}" for bound in (low, high) if bound is not None]
    said = set(re.findall(r"\d[\d,.]*(?<![,.])", description))
    if not numbers or all(
        number in said or number.replace(",", "") in said for number in numbers
    ):
        return ""
    last = numbers[-1]
    unit = f" {unit}{'' if last == '1' else 's'}" if unit else ""
    if low == high:
        return f"Exactly {last}{unit}."
    if len(numbers) == 2:
        return f"{numbers[0]} to {last}{unit}."
    return f"{'At least' if high is None else 'At most'} {last}{unit}."


def _choice(words: Sequence[str]) -> str:
    shown = [f"`{one_line(word)}`" for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
