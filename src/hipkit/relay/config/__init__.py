"""The relay's file: read into routes, with all that is wrong with it at once.

Read next: `file.py`.
"""
