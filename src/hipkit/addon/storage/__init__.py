"""Where an add-on keeps its installations, tokens and events.

Read next: `protocol.py`.
"""
