"""How bodies become what programs use, and back: JSON, and files.

`reading.py` reads JSON tolerantly: `json_grammar.py` has its grammar, `misfit.py` what does not
fit a type. `writing.py` writes it as it was received. `files.py` and `multipart.py` send files.
"""
