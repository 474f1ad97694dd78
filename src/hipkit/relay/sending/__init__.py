"""Sending: what a target rendered goes out over HTTP, by mail or by Apprise.

The only part of the relay that uses the network. Every way leads through the egress policy
(`network.py`), has a time limit, and returns what was answered, or why nothing was.

Read next: `sender.py`.
"""
