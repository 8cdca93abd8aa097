"""Run the rows of the results page, snu_ref/tasks/RESULTS.md, block by block.

A block is a group of rows. Its table, TABLES/BLOCK.csv, has a line for each
finished run: settings, seed, results, processor and versions. Such a run is not
repeated, and a stopped run continues from its checkpoint. So after any stop,
give the same command again. Without BLOCK, the command lists the blocks.

examples:
  python -m snu_ref experiments
  python -m snu_ref experiments digits --tables tables
  python -m snu_ref experiments --tables tables --page RESULTS.md
  python -m snu_ref experiments jsb membrane --data jsb --only SNU

exit status: 0, 2 for bad input, 130 if stopped by Ctrl-C."""
import sys
from pathlib import Path

from ..experiments.results_page import write_page
from ..experiments.rows import BLOCKS
from ..experiments.runs import read_table, rows_of, run_block
from ..files import output_folder


def add_arguments(parser):
    """Add the options of the command."""
    parser.add_argument("blocks", nargs="*", choices=[[], *BLOCKS], metavar="BLOCK",
                        help="one or more of " + ", ".join(BLOCKS))
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="run only rows whose name contains TEXT")
    parser.add_argument("--data", type=Path, metavar="DIR",
                        help="folder with the full data sets, for blocks that need them")
    parser.add_argument("--tables", type=Path, default=Path("tables"), metavar="DIR",
                        help="folder of the tables (default: %(default)s)")
    parser.add_argument("--work", type=Path, default=Path("runs"), metavar="DIR",
                        help="folder of checkpoints (default: %(default)s)")
    parser.add_argument("--page", type=Path, metavar="FILE",
                        help="write the results page from the tables, in Markdown")


def run(args):
    """Run the missing rows, or list the blocks; the exit status is 0."""
    if not (args.blocks or args.page):
        for name, (question, *_) in BLOCKS.items():
            runs = sum(row.seeds for row in rows_of(name, args.tables))
            done = len(read_table(args.tables / f"{name}.csv"))
            print(f"{name:12} {runs:4} runs, {done:4} lines in the table: {question}")
    if args.blocks:
        output_folder("--tables", args.tables)
        output_folder("--work", args.work)
    for name in args.blocks:
        for line in run_block(name, args.tables, args.data, args.work, sys.stderr, args.only):
            print(f"{name}: {line['row']}, seed {line['seed']}"
                  + (f", devices {line['device']}" if line["device"] else "")
                  + f": {line['metric']} valid {line['valid'] or '-'}, test {line['test'] or '-'}",
                  flush=True)
    if args.page:
        write_page(args.tables, args.page)
    return 0
