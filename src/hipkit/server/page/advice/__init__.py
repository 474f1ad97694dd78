"""Advice on API calls that failed: what to change in the program.

Read `calls.py` first. It chooses by the kind of error, and the other modules know a subject each.
"""
