"""Programs that show hipkit at work: some to copy, and `demo.py`, which `make demo` runs."""
