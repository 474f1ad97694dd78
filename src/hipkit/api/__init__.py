"""Holds what generated code stands on: operations, models, errors, and how JSON is read.

Nothing here knows sockets, clocks, chance or the environment.
"""
