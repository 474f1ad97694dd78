"""What hipkit costs, measured: `make bench`, `make bench-long`, or `python -m benchmarks --help`.

| module | what it is |
| --- | --- |
| `__main__` | the rows: chooses, measures and shows them, and writes each into the docs |
| `calls`, `page`, `cold_start`, `footprint` | the rows about the client |
| `notifications`, `deep_history`, `live_events` | the rows about the server |
| `webhook_load`, `server_memory`, `growth` | more of them |
| `addon_webhooks` | the row about add-ons |
| `competing`, `contestant` | rounds in which contestants take turns, each in its own process |
| `contestants/` | who takes part |
| `programs/` | what is measured from its start to its end, or takes part otherwise |
| `children` | all these processes, and why one of them failed |
| `counting` | instructions in place of seconds |
| `load_server`, `scene`, `messages` | the other side: a process of its own, and what it says |
| `served`, `sending` | hipkit's server in a process of its own, and load for it from another |
| `measuring`, `report`, `machine` | spreads; tables; what they were measured on |
| `document` | the page of the docs: which run each of its tables is from |
"""
