"""Markup: one sanitised tree, and a writer for each dialect of today's chats (pure).

Read next: `tree.py`.
"""
