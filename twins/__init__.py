"""The writer of async modules from sync ones: `render.py` renders those that `pairs.py` lists.

`sourcefiles` formats and writes the files.
"""
