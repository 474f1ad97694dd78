"""Generated source files: `formatting.py` formats them, `files.py` writes them or shows a diff.

Both tools that write such files, `codegen` and `twins`, stand on it.
"""
