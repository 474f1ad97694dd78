"""Runs the stores on a PostgreSQL database that several processes may share: one writer each."""
