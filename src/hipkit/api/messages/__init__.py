"""The text of messages: its HTML as HipChat renders it, and what is longer than a message may be.

Read next: `message_html.py`, then `long_messages.py`.
"""
