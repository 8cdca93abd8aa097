"""The page of a reproduction: read `document` first (what stands in which order).

`claim`, `sections` and `devices` write the text, `figures` places pictures, `settings` lists
settings, `page` makes HTML.
"""
