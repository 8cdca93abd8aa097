"""The page of a reproduction: `page.html` is its text, `document` puts it together.

`claim`, `sections` and `devices` make tables and sentences, `figures` places pictures, `page` makes
HTML.
"""
