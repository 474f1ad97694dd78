"""What a page shows of an editor is what pyright's language server says of that call."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from codegen.__main__ import main

CALL = 'from petstore import Petstore\n\nPetstore("my-key").pets.upload_a_photo\n'
SERVER = (
    "-c",
    "import sys; from pyright.langserver import main; sys.exit(main('--stdio'))",
)


def send(server: IO[bytes], **message: object) -> None:
    content = json.dumps({"jsonrpc": "2.0", **message}).encode()
    server.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
    server.flush()


def received(server: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the messages of a server; each is behind headers, one of which is its size."""
    while header := server.readline():
        if header.lower().startswith(b"content-length:"):
            size = int(header.partition(b":")[2])
            while server.readline().strip():
                pass
            yield json.loads(server.read(size))


def hover(folder: Path, file: Path) -> str:
    """Return what an editor shows for the last word of a file."""
    with subprocess.Popen(
        [sys.executable, *SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=folder,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        text = file.read_text(encoding="utf-8")
        last = {"line": text.count("\n") - 1, "character": len(CALL.splitlines()[-1])}
        document = {"uri": file.as_uri(), "languageId": "python", "version": 1}
        shows = {"textDocument": {"hover": {"contentFormat": ["plaintext"]}}}
        root = [{"uri": folder.as_uri(), "name": "root"}]
        start = {"processId": None, "capabilities": shows, "workspaceFolders": root}
        send(server.stdin, id=1, method="initialize", params=start)
        for message in received(server.stdout):
            match message:
                case {"id": 1, "result": _}:
                    send(server.stdin, method="initialized", params={})
                    opened = {"textDocument": {**document, "text": text}}
                    send(server.stdin, method="textDocument/didOpen", params=opened)
                    asked = {"textDocument": {"uri": file.as_uri()}, "position": last}
                    send(server.stdin, id=2, method="textDocument/hover", params=asked)
                case {"id": 2, "result": {"contents": {"value": str(shown)}}}:
                    server.terminate()
                    return shown
                case {"id": identifier, "method": _}:
                    send(server.stdin, id=identifier, result=None)
                case {"id": 2}:
                    break
        server.terminate()
    raise AssertionError(message)


def test_the_page_shows_what_an_editor_shows(repository: Path, tmp_path: Path) -> None:
    page = repository / "docs" / "how-to" / "developers" / "generate-a-client.md"
    text = page.read_text(encoding="utf-8")
    [spec] = re.findall('```yaml title="petstore.yaml"\n(.*?)```', text, re.DOTALL)
    [shown] = re.findall(r"```text\n(\(method\).*?)```", text, re.DOTALL)
    (tmp_path / "petstore.yaml").write_text(spec, encoding="utf-8")
    venv = {"venvPath": str(Path(sys.prefix).parent), "venv": Path(sys.prefix).name}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(venv), encoding="utf-8")
    (tmp_path / "call.py").write_text(CALL, encoding="utf-8")
    arguments = ["--spec", str(tmp_path / "petstore.yaml")]
    arguments += ["--out", str(tmp_path / "petstore"), "--package", "petstore"]
    assert main(arguments) == 0

    assert hover(tmp_path, tmp_path / "call.py").strip() == shown.strip()
