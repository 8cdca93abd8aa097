"""Run the rows of the results page, block by block: see experiments.txt."""
import sys

from .. import validation
from ..experiments.results_page import write_page
from ..experiments.rows import BLOCKS
from ..experiments.runs import read_table, rows_of, run_block
from ..files import output_folder


def run(args):
    """Run what is missing; the exit status is 0."""
    for name in args.block:
        validation.one_of("BLOCK", name, BLOCKS)
    if not (args.block or args.page):
        for name, (question, *_) in BLOCKS.items():
            runs = sum(row.seeds for row in rows_of(name, args.tables))
            done = len(read_table(args.tables / f"{name}.csv"))
            print(f"{name:12} {runs:4} runs, {done:4} lines in the table: {question}")
    if args.block:
        output_folder("--tables", args.tables)
        output_folder("--work", args.work)
    for name in args.block:
        for line in run_block(name, args.tables, args.data, args.work, sys.stderr,
                              args.only or ""):
            print(f"{name}: {line['row']}, seed {line['seed']}"
                  + (f", devices {line['device']}" if line["device"] else "")
                  + f": {line['metric']} valid {line['valid'] or '-'}, test {line['test'] or '-'}",
                  flush=True)
    if args.page:
        write_page(args.tables, args.page)
    return 0
