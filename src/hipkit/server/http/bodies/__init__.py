"""Bodies of requests: JSON and forms in memory, files on disk.

Read `reading.py` first. `multipart.py` splits what `uploads.py` (calls of the API) and
`form_data.py` (forms of the page) read.
"""
