"""Modules of add-ons: stored by descriptors and calls, glances pushed, links, and what users see.

Read next: `modules.py`.
"""
