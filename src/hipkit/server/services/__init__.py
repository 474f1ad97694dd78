"""Decides: what may happen, and to whom. No HTTP and no SQL here.

A service takes a `Context`, refuses by raising what `hipkit.api.errors` has, and gives models back.
Read `context.py` and `access/lookup.py` first.
"""
