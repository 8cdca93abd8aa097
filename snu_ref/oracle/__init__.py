"""The oracle: conformance vectors, and the check that holds another implementation against them.

    python -m snu_ref vectors list|show|export|verify    the numbers
    python -m snu_ref check TARGET                       the verdict on a port, and its bug's name

    cases        what a case is, its answers, derived twice, and its files; the numbers themselves
                 are in snu_ref/vectors
    program      the equations as lines of text, run and differentiated
    mistakes     the table of edited lines
    diagnosis    which edits give a port's numbers
    comparison   a port's numbers against a case's, and the verdict
"""
