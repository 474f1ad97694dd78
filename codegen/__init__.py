"""The generator of typed Python packages from OpenAPI documents, and of async modules.

The stages, in order: `load.py` reads, `check.py` validates, `plan.py` plans, `render.py` renders,
`files.py` writes. `operations.py`, `results.py`, `openapi.py`, `schemas.py`, `naming.py` and
`docstrings.py` serve `plan.py`. `twins.py` renders the modules of `pairs.py`, the async ones, from
their sync halves.
Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
