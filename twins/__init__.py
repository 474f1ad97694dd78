"""The writer of async modules from sync ones: `render.py` renders those that `pairs.py` lists.

It stands on `codegen.writing`, which formats and writes the files.
"""
