"""Writes the reference's pages on operations: a page for each tag, and a table of all.

`python -m scripts.reference`, a part of `make generate`; tests/docs/test_reference.py compares.
"""

from __future__ import annotations

from importlib import import_module
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from hipkit.api.catalog import Entry
from hipkit.v1.catalog import OPERATIONS as V1
from hipkit.v2.catalog import OPERATIONS as V2

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
OVERVIEW = "operations.md"
BEGIN = (
    "<!-- Written by `python -m scripts.reference` down to the end of the page. -->\n"
)
TAG_PAGE = """\
<!-- Written by `python -m scripts.reference`. -->

# {title}

{about}

How to call them: [Operations](../operations.md). Async methods have the same names and arguments.

::: {module}.{group}
    options:
      show_root_heading: false
      show_root_toc_entry: false
      show_bases: false
"""


def pages() -> dict[str, str]:
    """Return the text of each page, by its path below `docs/reference`."""
    head = (FOLDER / OVERVIEW).read_text(encoding="utf-8").partition(BEGIN)[0]
    overview = [head, BEGIN]
    texts = {}
    for version, catalog in ("v2", V2), ("v1", V1):
        overview.append(f"\n## API {version}\n\n{len(catalog)} operations.\n")
        for tag, entries in groupby(catalog, attrgetter("tag")):
            page, text = tag_page(version, tag, of_tag := list(entries))
            texts[page] = text
            overview += tag_table(page, tag, of_tag)
    return {OVERVIEW: "".join(overview), **texts}


def tag_page(version: str, tag: str, entries: list[Entry]) -> tuple[str, str]:
    """Return the path and the text of a tag's page."""
    module = entries[0].module
    about = (import_module(module).__doc__ or "").partition("\n\n")[2].strip()
    name = module.rpartition(".")[2]
    title = tag if version == "v2" else f"{tag} of API v1"
    text = TAG_PAGE.format(
        title=title, about=about, module=module, group=group_of(entries[0])
    )
    return f"operations/{name if version == 'v2' else f'v1-{name}'}.md", text


def tag_table(page: str, tag: str, entries: list[Entry]) -> list[str]:
    """Return the lines of a tag's part of the overview."""
    rows = [
        f"| [`{entry.operation_id}`]({page}#{anchor_of(entry)}) | {entry.summary}"
        f" | `{entry.method} {entry.path}` |\n"
        for entry in entries
    ]
    heading = f"\n### [{tag}]({page})\n\n"
    return [
        heading,
        "| method | what it does | request |\n| --- | --- | --- |\n",
        *rows,
    ]


def anchor_of(entry: Entry) -> str:
    """Return where the docs describe an operation."""
    return f"{entry.module}.{group_of(entry)}.{entry.operation_id}"


def group_of(entry: Entry) -> str:
    """Return the class of a tag's blocking methods."""
    return entry.tag.title().replace(" ", "")


def main() -> None:
    """Write all pages, and remove those of tags that are gone."""
    written = pages()
    for path in (FOLDER / "operations").glob("*.md"):
        if f"operations/{path.name}" not in written:
            path.unlink()
    for name, text in written.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
