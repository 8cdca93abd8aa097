"""Write the page of a reproduction again, from the results and figures in DIR.

The page is DIR/report.html. It works offline, without scripts or other files.
`reproduce` already writes it.

example:
  python -m snu_ref report snu_ref_out

exit status: 0, or 2 if the folder is not one that `reproduce` has written."""
from pathlib import Path

from ..files import one_writer
from ..report.document import write_report


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("folder", type=Path, metavar="DIR",
                        help="a folder that `reproduce` has written")


def run(args):
    """Write DIR/report.html; the exit status is 0."""
    if not args.folder.is_dir():
        raise ValueError(f"DIR: expected a folder that `reproduce` has written, got {args.folder}")
    with one_writer("DIR", args.folder):
        print(f"Written: {write_report(args.folder)}")
    return 0
