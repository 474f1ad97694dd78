from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize("module", ["pycurl", "pycurl_async"])
def test_a_missing_library_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)
    monkeypatch.delitem(sys.modules, f"hipkit.transports.{module}", raising=False)
    with pytest.raises(ImportError, match=r"pip install '\.\[fast\]'") as caught:
        importlib.import_module(f"hipkit.transports.{module}")
    assert "\n" not in str(caught.value)
