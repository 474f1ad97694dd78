"""What the server does when things go wrong, tried for real.

Each module is a script that anyone can run, `python -m tests.faults.NAME [--rounds N]`, and says at
its end what it counted; `test_faults.py` runs all of them with few rounds.

| module | what goes wrong |
| --- | --- |
| `kill` | the server is killed under load, half of the times inside a group commit |
| `kill_addon` | server and add-on are killed while webhooks are delivered, of which some fail |
| `sync` | nothing: it is looked at whether each commit reached the disk before its answer |
| `full_disk`, `locked`, `read_only` | the disk is full, the database locked, the disk read-only |
| `hostile` | clients are slow, half-open, very many, or send what nobody should |
| `file_names` | files have names that are paths, or worse |

docs/explanation/reliability.md tells what each one does, and what came out.
"""
