"""The generator of typed Python packages from OpenAPI documents.

A folder for each step, in this order: `reading`, `planning`, `writing`.
What cannot be read or planned is a `SpecError`, whose line of text is all that users see.
A name with an underscore belongs to its module; all others are for the whole generator.
`sourcefiles`, beside this package, formats and writes the files.
Nothing here imports `hipkit`, so that broken output can be generated anew.
"""
