"""Decides who may do what: credentials and grants, and which rooms and people a caller reaches."""
