"""Transports: adapters that send requests, one per module, behind the protocols of `protocol.py`.

Import an adapter from its own module; nothing is loaded before.
"""
