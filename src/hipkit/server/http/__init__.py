"""HTTP and nothing else: from a raw request to an operation, and from its result to the answer.

Read `pipeline.py` first: it has the steps of a call. `dialects/` has what the versions of the API
do differently, `bodies/` what reads the bodies of requests.
"""
