"""Saves the blocks of the docs that have a file's name as their title, as a reader does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sybil import Document, Example, Region
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

from tests.docs.reader import Reader

TITLED = RawFencedCodeBlockLexer(re.compile(r'\w+ title="(?P<name>[\w.-]+)"\n'))


def titled_blocks(document: Document) -> Iterable[Region]:
    """Yield the blocks with a title, to be saved."""
    for region in TITLED(document):
        region.parsed = region.lexemes["source"]
        region.evaluator = save
        yield region


def save(example: Example) -> None:
    """Write a block into the reader's folder."""
    reader: Reader = example.namespace["reader"]
    path = reader.folder / example.region.lexemes["name"]
    path.write_text(reader.local(str(example.parsed)), encoding="utf-8")
