"""The generator: an OpenAPI document in, a typed Python package out.

The stages, in order: `load.py` reads, `check.py` refuses, `plan.py` decides, `render.py` writes
text, `files.py` puts it in place. `openapi.py`, `schemas.py`, `names.py` and `docstrings.py`
serve `plan.py`. Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
