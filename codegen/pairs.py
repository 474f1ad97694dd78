"""The modules that are written by hand once, sync, and rendered async: see `twins.py`."""

from __future__ import annotations

from codegen.twins import Twin

__all__ = ["TWINS"]

TWINS: tuple[Twin, ...] = ()
