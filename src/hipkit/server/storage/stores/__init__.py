"""Reads and writes the tables, a store for each aggregate: SQL that any database runs."""
