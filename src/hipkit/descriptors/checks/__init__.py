"""The checks of a descriptor, by subject: each yields findings, and none changes the document.

A document may have any shape: the schema's errors are found beside the others, so each check
passes over what has not the type that it expects.
"""
