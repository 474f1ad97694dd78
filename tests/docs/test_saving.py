from __future__ import annotations

from pathlib import Path

from sybil import Document

from tests.docs.reader import Reader
from tests.docs.saving import titled_blocks

PAGE = """
```toml title="where.toml"
base-url = "http://127.0.0.1:8070/v2"
```

```toml
not = "saved"
```
"""


def test_a_block_with_a_title_becomes_a_file(tmp_path: Path) -> None:
    page = Document(PAGE, "page.md")
    for region in titled_blocks(page):
        page.add(region)
    page.namespace["reader"] = Reader(folder=tmp_path, port=":1234")
    for example in page.examples():
        example.evaluate()
    (saved,) = tmp_path.iterdir()
    assert saved.name == "where.toml"
    assert saved.read_text() == 'base-url = "http://127.0.0.1:1234/v2"\n'
