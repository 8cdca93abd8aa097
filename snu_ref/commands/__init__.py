"""The command line, one file a command: each has add_arguments and run; `help` has their texts."""
