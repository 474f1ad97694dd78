"""Handlers: what they receive and return, how they are registered, and what they ask for.

Read next: `handler.py`.
"""
