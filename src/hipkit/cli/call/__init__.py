"""`hipkit call`: a command for each operation, from its arguments to the printed result.

`command.py` defines the commands; `arguments.py` derives their arguments and options from an
operation's class; `perform.py` sends the call, and `results.py` prints what comes back.
"""
