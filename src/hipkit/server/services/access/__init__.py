"""Decides who may do what: credentials, grants, and the rooms and users that an actor reaches."""
