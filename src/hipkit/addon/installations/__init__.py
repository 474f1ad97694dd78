"""Installations: which there are, whom the add-on trusts, tokens, and requests that hosts sign.

Read next: `installing.py`.
"""
