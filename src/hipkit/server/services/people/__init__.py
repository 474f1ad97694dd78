"""Decides about the group and its people: accounts, names, rights and invitations."""
