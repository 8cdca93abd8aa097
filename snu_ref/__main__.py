"""The command line: each command is a module of snu_ref.commands with add_arguments and run."""
import argparse
import importlib
import os
import sys
from contextlib import suppress
from functools import partial

from .files import printable

PROGRAM = "python -m snu_ref"
EXAMPLES = """\
examples:
  python -m snu_ref reproduce            everything, on small data: 5 minutes
  python -m snu_ref gradcheck --summary  only the check of the gradients
  python -m snu_ref train music --unit snu
  python -m snu_ref COMMAND --help       options, examples and exit status

exit status: 0 for success, 1 if a check failed, 2 for bad input, 130 if
stopped by Ctrl-C. The commands use one thread for matrix products, unless you
set OPENBLAS_NUM_THREADS to another number."""
READER_LEFT = 141  # 128 + SIGPIPE, as a shell reports for other programs
HELP = partial(argparse.RawDescriptionHelpFormatter, max_help_position=26)
COMMANDS = {  # readers: {name of the command and of its module: one line of help}
    "for students": {
        "reproduce": "does the paper's claim hold? five units, three tasks, a report",
        "report": "make the HTML page again from the folder of `reproduce`",
        "train": "train one network, with checkpoints and a learning curve",
        "use": "see what a trained network gets wrong, plays or writes",
        "memory": "the music network on phase-change devices, over a year",
        "gradcheck": "check every gradient in three ways",
    },
    "for ports of the unit": {
        "check": "check another implementation with the vectors; name its bug",
        "vectors": "list, show, export and verify the conformance vectors",
    },
    "for maintainers": {
        "experiments": "run the rows of the results page, and write their tables",
        "bench": "time training steps of standard networks",
    },
}


def parse(argv):
    """Parse a command line; its `run` is the command's function. SystemExit for bad arguments."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description="The Spiking Neural Unit in NumPy, with hand-derived gradients.",
        usage=f"{PROGRAM} COMMAND [OPTION ...]", epilog=EXAMPLES, formatter_class=HELP)
    commands = parser.add_subparsers(
        prog=PROGRAM, dest="command", required=True, metavar="COMMAND", title="commands",
        help=argparse.SUPPRESS,
        description="\n".join(line for group, lines in COMMANDS.items() for line in (
            group, *(f"  {name:13}{text}" for name, text in lines.items()), "")).rstrip())
    for name in (name for group in COMMANDS.values() for name in group):
        sub = commands.add_parser(name, formatter_class=HELP)
        if name in argv[:1]:  # import only what is asked for: matplotlib and data are slow to load
            command = importlib.import_module(f"snu_ref.commands.{name}")
            # the module's docstring is the help; its examples come after the options
            sub.description, start, examples = (command.__doc__ or "").partition("\nexample")
            sub.epilog = start.lstrip() + examples
            command.add_arguments(sub)
            sub.set_defaults(run=command.run, argv=argv)
    return parser.parse_args(argv or ["--help"])


def main(argv=None):
    """Run a command line and return its exit status, 141 if the output goes to a closed pipe."""
    make_streams_safe()
    try:
        try:
            return parse_and_run(sys.argv[1:] if argv is None else argv)
        finally:
            sys.stdout.flush()  # an error at the end of Python could not be caught
    except OSError as error:  # standard output: a closed pipe (`| head`), or a full disk
        # discard what is not written yet: Python would try again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return READER_LEFT
        say([], f"error: standard output: {error.strerror}")
        return 2


def make_streams_safe():
    """Let a run go on if a stream is closed (`>&-`) or the terminal cannot show a letter."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def parse_and_run(argv):
    """Parse the command line, run the command, and return its exit status."""
    args = parse(argv)
    try:
        return args.run(args)
    except (ValueError, OSError) as error:  # bad input, damaged files, a full disk
        if isinstance(error, OSError) and error.errno and error.filename is None:
            raise  # standard output: `main` handles it
        say([args.command], f"error: {error}")
        return 2
    except MemoryError as error:
        say([args.command], f"error: not enough memory: {error}")
        return 2
    except KeyboardInterrupt as stop:
        say([args.command], f"stopped{stop and ': '}{stop}")
        return 130


def say(command, text):
    """Print a line to standard error; control characters are escaped."""
    with suppress(OSError):  # standard error may be closed
        print(printable(" ".join([PROGRAM, *command]) + f": {text}"), file=sys.stderr)


def use_one_thread():
    """Start again with one BLAS thread, unless the environment already sets their number.

    The matrices of most runs are small. On idle cores a second thread gains little. On busy cores
    the two threads wait for each other: an epoch of the digits took 2.5 s with one thread and 24 s
    with two. BLAS reads the number when it is loaded, so the program has to start again.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    if os.name == "posix" and not any(name in os.environ for name in names):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]],
                  {**os.environ, **dict.fromkeys(names, "1")})


if __name__ == "__main__":
    use_one_thread()
    sys.exit(main())
