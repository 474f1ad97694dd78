"""Programs that show hipkit at work; `make demo` runs `demo.py`."""
