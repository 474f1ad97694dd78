"""Async halves of modules: a small source a feature beside what is rendered from it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

import twins
from sourcefiles.errors import GenerationError
from sourcefiles.files import differences, write
from sourcefiles.formatting import formatted
from twins.pairs import TWINS
from twins.render import MARK, Twin, render_twin, render_twins

PACKAGE = Path(str(twins.__file__)).parent

NAMES = {
    "Client": "AsyncClient",
    "Iterator": "AsyncIterator",
    "close": "aclose",
    "next": "anext",
}
AWAITED = {"_port.send", "close", "fetch", "next", "self.find"}
ITERATED = {"pages", "_rows"}
ENTERED = {"_lock", "open_port"}

CASES = {
    "a function and its calls": (
        """
        def fetch(port):
            return fetch(fetch(port)) + 2 ** fetch(port)
        """,
        """
        async def fetch(port):
            return await fetch(await fetch(port)) + 2 ** await fetch(port)
        """,
    ),
    "only after another name": (
        """
        class Client:
            def find(self, steps):
                find = steps.send(1)
                return find(self._port.send(find(self.find(steps))))
        """,
        """
        class AsyncClient:
            async def find(self, steps):
                find = steps.send(1)
                return find(await self._port.send(find(await self.find(steps))))
        """,
    ),
    "decorators, comments, layout and other letters": (
        """
        @cached
        def fetch(port):
            # Its owner is Ève.
            text = {"ü", "é", fetch(port)}  # A set of `fetch`.

            return text
        """,
        """
        @cached
        async def fetch(port):
            # Its owner is Ève.
            text = {"ü", "é", await fetch(port)}  # A set of `fetch`.

            return text
        """,
    ),
    "the methods of protocols": (
        """
        class Client:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                self.close()

            def __iter__(self):
                return self

            def __next__(self):
                return next(self._port)

            def close(self): ...
        """,
        """
        class AsyncClient:
            async def __aenter__(self):
                return self

            async def __aexit__(self, *_):
                await self.aclose()

            def __aiter__(self):
                return self

            async def __anext__(self):
                return await anext(self._port)

            async def aclose(self): ...
        """,
    ),
    "generators": (
        """
        from collections.abc import Iterator

        def pages(port) -> Iterator[int]:
            for row in port._rows:
                yield row
            for page in pages(fetch(port)):
                for word in page.split():
                    yield word
        """,
        """
        from collections.abc import AsyncIterator


        async def pages(port) -> AsyncIterator[int]:
            async for row in port._rows:
                yield row
            async for page in pages(await fetch(port)):
                for word in page.split():
                    yield word
        """,
    ),
    "generators of generators": (
        """
        def pages(port):
            if port:
                yield from pages(port.rest)
            yield from fetch(port)
            yield from (
                1,
                2,
            )

        def words():
            yield from "abc"
        """,
        """
        async def pages(port):
            if port:
                async for item in pages(port.rest):
                    yield item
            for item in await fetch(port):
                yield item
            for item in (
                1,
                2,
            ):
                yield item


        def words():
            yield from "abc"
        """,
    ),
    "with": (
        """
        def fetch(self):
            with self._lock, open_port(fetch(1)) as port:
                with open(port):
                    pass
        """,
        """
        async def fetch(self):
            async with self._lock, open_port(await fetch(1)) as port:
                with open(port):
                    pass
        """,
    ),
    "names and code spans": (
        '''
        """A Client; see `Client.close`, `x.Client(1)` and `Clients`."""

        from client.client import Client

        __all__ = ["Client", "Iterator", "Other"]

        Client = Client("Client")  # `Client` is no Client.
        LAST = 1
        """Of a `Client`."""
        ''',
        '''
        """A Client; see `AsyncClient.aclose`, `x.AsyncClient(1)` and `Clients`."""

        from client.client import AsyncClient

        __all__ = ["AsyncClient", "AsyncIterator", "Other"]

        AsyncClient = AsyncClient("Client")  # `AsyncClient` is no Client.
        LAST = 1
        """Of a `AsyncClient`."""
        ''',
    ),
    "an f-string in which nothing changes": (
        """
        def words(client):
            return f"A client: {client.size!r:>{len(client)}}"
        """,
        """
        def words(client):
            return f"A client: {client.size!r:>{len(client)}}"
        """,
    ),
}

BROKEN = {
    "a part of an awaited result": (
        "def fetch(port):\n    return fetch(port).size",
        "2: give the awaited result a name before using its parts",
    ),
    "an item of an awaited result": (
        "def fetch(port):\n    return fetch(port)[0]",
        "2: give the awaited result a name before using its parts",
    ),
    "a call of an awaited result": (
        "def fetch(port):\n    return fetch(port)()",
        "2: give the awaited result a name before using its parts",
    ),
    "awaited in a lambda": (
        "def fetch(port):\n    return lambda: fetch(port)",
        "2: awaited outside of a function's own statements",
    ),
    "awaited in a comprehension": (
        "def fetch(port):\n    return [\n        fetch(each) for each in port\n    ]",
        "3: awaited outside of a function's own statements",
    ),
    "awaited in a module": (
        "size = fetch(1)",
        "1: awaited outside of a function's own statements",
    ),
    "awaited in a function that is not": (
        "def words(port):\n    return fetch(port)",
        "2: awaited in 'words', which is not listed",
    ),
    "asynchronous loop in a function that is not": (
        "def words(port):\n    for page in pages(port):\n        pass",
        "2: awaited in 'words', which is not listed",
    ),
    "asynchronous comprehension": (
        "def fetch(port):\n    return [page for page in pages(port)]",
        "2: write a loop: it becomes asynchronous",
    ),
    "the value of a generator": (
        "def pages(port):\n    size = yield from port",
        "2: the value of `yield from` has no async form",
    ),
    "with of either kind": (
        "def fetch(self):\n    with self._lock, open(self):\n        pass",
        "2: write a with statement for each of the two",
    ),
    "an f-string": (
        "def fetch(port):\n    return f'{port} {fetch(port)}'",
        "2: give what 'fetch' is in here its own line",
    ),
    "no Python": ("def fetch(port)\n    pass", "1: expected ':'"),
}


def twin(text: str, texts: dict[str, str] | None = None) -> Twin:
    """Return a table with the words above that occur in a text, since others are an error."""

    def occurring(names: set[str]) -> set[str]:
        return {name for name in names if name.removeprefix("self.") in text}

    return Twin(
        source="client.py",
        target="async_client.py",
        names={name: NAMES[name] for name in occurring(set(NAMES))},
        awaited=occurring(AWAITED),
        iterated=occurring(ITERATED),
        entered=occurring(ENTERED),
        texts=texts or {},
    )


def render(source: str, texts: dict[str, str] | None = None) -> str:
    """Return what is rendered, without the header."""
    text = render_twin(twin(source, texts), source)
    header, _, text = text.partition("\n")
    assert header == f"{MARK} from client.py: edits are lost."
    return formatted("hipkit", {"async_client.py": text})["async_client.py"].strip()


@pytest.mark.parametrize("name", CASES)
def test_a_source_gives_what_stands_beside_it(name: str) -> None:
    source, expected = map(textwrap.dedent, CASES[name])

    assert render(source) == expected.strip()


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.name
)
def test_what_no_entry_names_stays_as_it_is(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    table = Twin(source="client.py", target="async_client.py")

    assert render_twin(table, source).partition("\n")[2] == source


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_converted_is_an_error_with_its_line(name: str) -> None:
    source, line = BROKEN[name]

    with pytest.raises(GenerationError) as caught:
        render_twin(twin(source), source)

    assert str(caught.value) == f"client.py:{line}"


def test_a_passage_is_replaced_as_it_stands_and_nothing_else_in_it() -> None:
    source = '"""A `Client`."""\n\nthread.stop()\n\n\ndef close():\n    close()'
    texts = {"A `Client`.": "No `Client`.", "thread.stop()": "loop.aclose()"}

    assert (
        render(source, texts)
        == '"""No `Client`."""\n\nloop.aclose()\n\n\nasync def aclose():\n    await aclose()'
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"names": {"x": "y"}},
        {"awaited": {"x"}},
        {"iterated": {"x"}},
        {"entered": {"x"}},
        {"texts": {"x y": ""}},
    ],
)
def test_an_entry_that_does_not_occur_is_an_error(entry: dict[str, object]) -> None:
    table = Twin(source="client.py", target="async_client.py", **entry)  # type: ignore[arg-type] # one of the fields

    with pytest.raises(
        GenerationError, match=r"client\.py: 'x( y)?' does not occur here"
    ):
        render_twin(table, "pass\n")


def test_a_dotted_name_may_go_on_in_the_next_line() -> None:
    source = "(\n    port  # It is open.\n    .close()\n)\nfile.close()\n"
    table = Twin(
        source="client.py", target="async_client.py", names={"port.close": "stop"}
    )

    _, _, text = render_twin(table, source).partition("\n")

    assert text == "(\n    port  # It is open.\n    .stop()\n)\nfile.close()\n"


def test_passages_that_overlap_are_an_error() -> None:
    table = Twin(
        source="client.py",
        target="async_client.py",
        texts={"one, two": "1, 2", "two, three": "2, 3"},
    )

    with pytest.raises(
        GenerationError, match=r"^client\.py:2: two entries overlap here$"
    ):
        render_twin(table, "\nnames = one, two, three\n")


def test_a_source_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    table = Twin(source="src/client.py", target="src/async_client.py")

    with pytest.raises(
        GenerationError, match=r"^src/client\.py: No such file or directory$"
    ):
        render_twins(tmp_path, [table])


def test_halves_are_given_by_folder(tmp_path: Path) -> None:
    tmp_path.joinpath("a").mkdir()
    for name in ("a/x.py", "a/y.py", "z.py"):
        tmp_path.joinpath(name).write_text("import os\n\nx = 'é'\n", encoding="utf-8")
    tables = [
        Twin(source=f"{name}.py", target=f"{name}_async.py")
        for name in ("a/x", "a/y", "z")
    ]

    halves = render_twins(tmp_path, tables)

    header = f"{MARK} from z.py: edits are lost.\n"
    assert {path: sorted(texts) for path, texts in halves.items()} == {
        tmp_path / "a": ["x_async.py", "y_async.py"],
        tmp_path: ["z_async.py"],
    }
    assert halves[tmp_path]["z_async.py"] == f'{header}\nx = "é"\n'


def test_only_rendered_modules_of_a_folder_are_written_and_removed(
    tmp_path: Path,
) -> None:
    tmp_path.joinpath("x.py").write_text("x = 1\n", encoding="utf-8")
    tmp_path.joinpath("old.py").write_text(f"{MARK}\n", encoding="utf-8")
    ((folder, texts),) = render_twins(
        tmp_path, [Twin(source="x.py", target="async_x.py")]
    ).items()

    write(folder, texts, MARK)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["async_x.py", "x.py"]
    assert list(differences(folder, texts, MARK)) == []
    tmp_path.joinpath("async_x.py").write_text("x = 2\n", encoding="utf-8")
    assert "-x = 2\n" in differences(folder, texts, MARK)


def test_no_half_is_the_source_of_another() -> None:
    targets = [twin.target for twin in TWINS]

    assert len({*targets, *(twin.source for twin in TWINS)}) == 2 * len(TWINS)
