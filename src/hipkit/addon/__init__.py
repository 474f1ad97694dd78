"""A kit for add-ons (extra `addon`).

Read next: `installations.py`.
"""
