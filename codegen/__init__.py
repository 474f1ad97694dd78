"""The generator of typed Python packages from OpenAPI documents, and of async modules.

A folder for each step, in this order: `reading`, `planning`, `writing`. `twins.py` renders the
modules of `pairs.py`, the async ones, from their sync halves.
Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
