"""The oracle: conformance vectors, and the check that compares another implementation with them.

    python -m snu_ref vectors list|show|export|verify    the numbers
    python -m snu_ref check TARGET                       the verdict on a port; the name of its bug

    cases        what a case is, its answers, derived twice, and its files; the numbers themselves
                 are in snu_ref/vectors
    program      the equations as lines of text, run and differentiated
    mistakes     the table of edited lines
    diagnosis    finds the edits that give a port's numbers
    comparison   compares a port's numbers with those of a case, and gives the verdict

From Python, call `check`. `case_ids` lists the cases that fit a port, so that the port's own tests
can be parametrised:

    @pytest.mark.parametrize("case", snu_ref.oracle.case_ids(Adapter))
    def test_port(case):
        verdict = snu_ref.oracle.check(Adapter, case); assert verdict.passed, str(verdict)
"""
from .comparison.checking import case_ids, check

__all__ = ["case_ids", "check"]
