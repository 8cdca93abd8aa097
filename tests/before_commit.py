"""What to run before a commit, in half a minute: python tests/before_commit.py

The tests of the core, the laws of the tree (short lines, imports that run downwards) and the
summary of the gradient checks. Exit status 0 if all of them pass.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (["pytest", "tests/core", "tests/laws/test_tree.py"],
            ["snu_ref", "gradcheck", "--summary"])

if __name__ == "__main__":
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    failed = [command for command in COMMANDS
              if subprocess.call([sys.executable, "-m", *command], cwd=ROOT, env=environment)]
    print("ready to commit" if not failed else
          "not ready: " + "; ".join(" ".join(command) for command in failed))
    sys.exit(1 if failed else 0)
