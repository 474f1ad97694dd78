"""`python -m hipkit.cli` is the command `hipkit`."""

from hipkit.cli import main

main()
