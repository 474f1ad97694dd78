"""Turns records into the JSON of both API versions: models, timestamps, links and pages."""
