"""The oracle: conformance vectors, and the check that holds another implementation against them.

    python -m snu_ref vectors list|show|export|verify    the numbers
    python -m snu_ref check TARGET                       the verdict on a port, and its bug's name

    cases        what a case is, its answers, derived twice, and its files; the numbers themselves
                 are in snu_ref/vectors
    program      the equations as lines of text, run and differentiated
    mistakes     the table of edited lines
    diagnosis    which edits give a port's numbers
    comparison   a port's numbers against a case's, and the verdict

`check` is the check from Python, and `case_ids` the cases that a port is asked, to parametrise its
own tests with:

    @pytest.mark.parametrize("case", snu_ref.oracle.case_ids(Adapter))
    def test_port(case):
        verdict = snu_ref.oracle.check(Adapter, case); assert verdict.passed, str(verdict)
"""
from .comparison.checking import case_ids, check

__all__ = ["case_ids", "check"]
