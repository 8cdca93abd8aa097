"""A line that shows the progress of long work and the time that is left."""
import os
import shutil
import sys
import time
from contextlib import suppress

A_MINUTE = 60.0  # seconds between lines in a pipe or a file
A_TENTH = 0.1    # seconds between new texts on a terminal


class Progress:
    """Shows the progress of long work on one line of a terminal; elsewhere, one line per minute.

    total: number of steps; label: a text before the numbers; stream: stderr by default; done: steps
    that are done already. If the stream cannot be written to, the work continues without the line.
    """

    def __init__(self, total, label, stream=None, done=0):
        self.total, self.label = total, label
        self.stream = sys.stderr if stream is None else stream
        self.terminal = self.stream.isatty()
        self.done = self.first = done
        self.start = self.last = time.monotonic()

    def step(self, note=""):
        """Count one step; if it is time, show a new line, with `note` after the time left."""
        self.done += 1
        now = time.monotonic()
        if now - self.last < (A_TENTH if self.terminal else A_MINUTE):
            return
        self.last = now
        left = (now - self.start) / (self.done - self.first) * (self.total - self.done)
        text = f"{self.label}  {100 * self.done / self.total:3.0f} %  {clock(left)} left  {note}"
        self._write("\r" + self._fitted(text) if self.terminal else text.rstrip() + "\n")

    def say(self, text):
        """Print a line above the progress line."""
        self.close()
        self._write(text + "\n")

    def close(self):
        """Clear the line of a terminal."""
        if self.terminal:
            self._write("\r" + self._fitted("") + "\r")

    def _fitted(self, text):
        """The text, padded or cut to one column less than the terminal, so that no line wraps."""
        try:
            columns = os.get_terminal_size(self.stream.fileno()).columns
        except (AttributeError, OSError, ValueError):  # not a real terminal
            columns = 0
        columns = (columns or shutil.get_terminal_size().columns) - 1
        return text[:columns].ljust(columns)

    def _write(self, text):
        with suppress(OSError, ValueError):  # a full disk, or a closed stream
            self.stream.write(text)
            self.stream.flush()


def clock(seconds):
    """Seconds as 0:07, 12:34 or 1:02:03."""
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def time_name(t):
    """A time in seconds in words: 20 s, 10 min, 1 h, 7 d, 1 year."""
    for unit, seconds in (("year", 31_536_000), ("d", 86_400), ("h", 3600), ("min", 60)):
        if t >= seconds and t % seconds == 0:
            return f"{t / seconds:.0f} {unit}"
    return f"{t:.0f} s"
