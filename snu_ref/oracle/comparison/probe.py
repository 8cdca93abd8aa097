def probe(target, say):
    pass
