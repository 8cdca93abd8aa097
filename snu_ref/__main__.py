"""The command line: python -m snu_ref COMMAND. Each command is a module with add_arguments and run."""
import argparse
import importlib
import os
import sys

COMMANDS = {  # name: (module, one line of help)
    "reproduce": ("reproduce", "train the units on all tasks, print one table, draw the figures"),
    "train": ("train", "one training run with checkpoints and a learning curve"),
    "gradcheck": ("gradcheck.command", "print the evidence that every gradient is right"),
    "vectors": ("oracle.vectors_command", "list, show, export and verify the conformance vectors"),
    "bench": ("bench", "time a training step of standard networks, against their matrix products alone"),
    "check": ("oracle.check_command", "check another implementation against the vectors, and name its bug"),
}


def main(argv=None):
    """Parse the command line, run the command, and return its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="python -m snu_ref", description="The Spiking Neural Unit in NumPy, with hand-derived gradients.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name in argv[:1]:  # import only what is asked for: matplotlib and data are slow to load
            command = importlib.import_module(f"snu_ref.{module}")
            command.add_arguments(sub)
            sub.set_defaults(run=command.run)
    args = parser.parse_args(argv)
    try:
        return args.run(args)
    except (ValueError, OSError) as error:  # bad input, damaged files, a full disk: said in a line
        print(f"{parser.prog} {args.command}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{parser.prog} {args.command}: stopped", file=sys.stderr)
        return 130


def use_one_thread():
    """Start again with one BLAS thread, unless the environment already says how many.

    The matrices of most runs are small: a second thread brings little on idle cores, and on busy ones
    the two wait for each other (an epoch of the digits, same machine: 2.5 s with one, 24 s with two).
    BLAS reads the number when it is loaded, which has happened by now; hence the new start.
    """
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    if os.name == "posix" and not any(name in os.environ for name in names):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]],
                  {**os.environ, **dict.fromkeys(names, "1")})


if __name__ == "__main__":
    use_one_thread()
    sys.exit(main())
