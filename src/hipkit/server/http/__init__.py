"""Speaks HTTP: from the raw request to an operation, and from its result to the answer.

`pipeline.py` tells the whole way of a call. Read it first.
"""
