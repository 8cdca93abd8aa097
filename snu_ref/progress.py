"""A line that says how far long work has come and how long it will still take; silent in a pipe."""
import sys
import time


class Progress:
    """Counts `total` steps of work on one line of a terminal; prints nothing elsewhere.

    total: number of steps; label: what is being done; stream: stderr by default.
    """

    def __init__(self, total, label, stream=None):
        self.total, self.label = total, label
        self.stream = sys.stderr if stream is None else stream
        self.shown = self.stream.isatty()
        self.done, self.first, self.start, self.last = 0, 0, time.monotonic(), 0.0

    def begin_at(self, done):
        """Start counting at `done`, for work that was resumed."""
        self.done = self.first = done

    def step(self, note=""):
        """One step further; `note` is shown behind the time left. Redrawn at most ten times a second."""
        self.done += 1
        now = time.monotonic()
        if not self.shown or now - self.last < 0.1:
            return
        self.last = now
        left = (now - self.start) / (self.done - self.first) * (self.total - self.done)
        self._draw(f"{self.label}  {100 * self.done / self.total:3.0f} %  {_clock(left)} left  {note}")

    def close(self):
        """Clear the line."""
        if self.shown:
            self._draw("")
            self.stream.write("\r")
            self.stream.flush()

    def _draw(self, text):
        self.stream.write("\r" + text[:99].ljust(99))
        self.stream.flush()


def _clock(seconds):
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
