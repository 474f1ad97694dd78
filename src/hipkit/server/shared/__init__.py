"""State that calls share: limits, recent calls and signals, in memory and for one process.

`protocol.py` says what it has to do, whichever way it is kept.
"""
