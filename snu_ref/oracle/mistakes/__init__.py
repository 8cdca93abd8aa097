"""Mistakes that a port can make: `table.txt` lists them, `edit` reads it."""
