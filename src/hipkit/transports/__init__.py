"""What sends requests: one adapter a file, all behind `protocol.py`.

Import the adapter you want from its own module; nothing loads before that.
"""
