"""From the plan of a package to the text of its files."""
