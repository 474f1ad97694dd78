"""Runs the examples of `docs/`; the tests' own set-up is `tests/conftest.py`.

`README.md` is followed from top to bottom by `tests/e2e/test_readme.py`.

Python blocks are executed, in order, one namespace a page. In `console` blocks every command
runs, and what it prints is compared with what the page shows; `...` there stands for anything.
Blocks marked `sh` are not run, nor is one after the comment `<!-- skip: next "the reason" -->`.
"""

from __future__ import annotations

from sybil import Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

from tests.docs.console import run_console

pytest_plugins = ["tests.docs.surroundings"]

pytest_collect_file = Sybil(
    parsers=[
        SkipParser(),
        PythonCodeBlockParser(),
        CodeBlockParser("console", run_console),
    ],
    patterns=["docs/*.md", "docs/*/*.md", "docs/*/*/*.md"],
    fixtures=["folder"],
).pytest()
