"""The targets: one pure module for each, from a message and settings to one request.

Read next: `protocol.py`.
"""
