"""What hipkit costs, measured: `make bench`, or `python -m benchmarks --help`.

| module | what it is |
| --- | --- |
| `__main__` | chooses the rows, shows each table, rewrites docs/explanation/performance.md |
| `calls`, `page`, `cold_start`, `footprint` | the rows about the client |
| `notifications`, `deep_history`, `live_events` | the rows about the server |
| `webhook_load`, `server_memory` | more of them |
| `competing`, `contestant` | rounds in which contestants take turns, each in its own process |
| `contestants/` | who takes part |
| `programs/`, `children` | what is measured from its start to its end, and what measures it |
| `load_server`, `scene`, `messages` | the other side: a process of its own, and what it says |
| `served`, `sending` | hipkit's server in a process of its own, and load for it from another |
| `measuring`, `report`, `machine` | spreads; tables; what they were measured on |
"""
