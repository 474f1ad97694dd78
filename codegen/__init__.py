"""The generator of typed Python packages from OpenAPI documents.

The stages, in order: `load.py` reads, `check.py` validates, `plan.py` plans, `render.py` renders,
`files.py` writes. `operations.py`, `openapi.py`, `schemas.py`, `names.py` and `docstrings.py` serve
`plan.py`. Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
