"""The oracle: conformance vectors, and the check that holds another implementation against them.

    python -m snu_ref vectors list|show|export|verify    the numbers
    python -m snu_ref check TARGET                       the verdict on a port, and its bug's name

    cases        what a case is, its answers, derived twice, and its files; the numbers themselves
                 are in snu_ref/vectors
    program      the equations as a program whose lines can be exchanged
    mistakes     what a port can do wrong
    comparison   a port's numbers against a case's, and the verdict
    diagnosis    which mistakes explain a port's numbers
"""
