"""The generator of typed Python packages from OpenAPI documents.

A folder for each step, in this order: `reading`, `planning`, `writing`.
Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
