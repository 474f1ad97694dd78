"""From operations and schemas to a plan of the package: names, types, classes, texts."""
