"""Make the page of a reproduction again: see report.txt."""
from ..files import one_writer
from ..report.document import write_report


def run(args):
    """Write DIR/report.html; the exit status is 0."""
    if not args.dir.is_dir():
        raise ValueError(f"DIR: expected a folder that `reproduce` has written, got {args.dir}")
    with one_writer("DIR", args.dir):
        print(f"Written: {write_report(args.dir)}")
    return 0
