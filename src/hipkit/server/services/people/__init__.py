"""Decides about the group and its users: accounts, names, rights and invitations."""
