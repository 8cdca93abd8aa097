"""The page of a reproduction: `page.html` is its text, `document` assembles it.

`claim`, `sections` and `devices` make tables and sentences, `figures` the pictures, `page` HTML.
"""
