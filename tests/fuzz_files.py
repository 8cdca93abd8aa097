"""Odd files and paths for everything that reads a file: the right data, or an error by its name.

    python tests/fuzz_files.py               2,000 files, seed 0; exit status 1 if one is wrong
    python tests/fuzz_files.py 500 --seed 3

Each reader gets its own good files, one of them spoilt: cut short, with a byte changed or more
behind it, packed, replaced by other bytes, a folder, a pipe, a device or a link; or another path
than that of its files. What comes out is what comes out of the good files where a digest guards
them; otherwise it is of the same form. A refusal is a ValueError, TypeError or OSError of one line,
with the name of the file if the path is that of one. Nothing waits for a pipe.
"""
import argparse
import faulthandler
import gzip
import io
import json
import os
import struct
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from helpers import toy_tasks  # noqa: E402
from snu_ref import SNU, Network  # noqa: E402
from snu_ref.data import own, readers  # noqa: E402
from snu_ref.oracle.cases.export import export  # noqa: E402
from snu_ref.oracle.comparison.port import open_source  # noqa: E402
from snu_ref.report.document import write_report  # noqa: E402
from snu_ref.saving import array_file  # noqa: E402
from snu_ref.tasks import checkpoints, load_run  # noqa: E402
from snu_ref.tasks.training import train  # noqa: E402
