"""Runs the stores on one SQLite file: one writer, reader threads, migrations, copies, search."""
