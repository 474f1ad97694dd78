"""Events on their way to handlers, out of the queue or by polling, and replies on their way back.

Read next: `dispatching.py`.
"""
