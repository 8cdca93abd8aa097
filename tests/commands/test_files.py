"""What commands write: complete files or none, folders tested first, progress, time left."""

import os
import subprocess
import sys

import pytest

from snu_ref.tasks import progress
from snu_ref.commands import wrapped
from snu_ref.files import one_writer, output_file, output_folder, read_regular, whole_file
from snu_ref.tasks.progress import Progress, clock


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_put_in_place_at_the_end(tmp_path):
    path = tmp_path / "results.json"
    path.write_bytes(b"old")
    with whole_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and names(tmp_path) == ["results.json"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("no")])
def test_what_was_there_is_kept_if_writing_fails(tmp_path, error):
    path = tmp_path / "results.json"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught:
        with whole_file(path) as file:
            file.write(b"ne")
            raise error
    assert path.read_bytes() == b"old" and names(tmp_path) == ["results.json"]
    if isinstance(error, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"


def test_a_file_is_on_the_disk_before_it_is_put_in_place(tmp_path, monkeypatch):
    """In full: a kill of the whole machine, too, leaves the old file or the new one."""
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: done.append(os.fstat(fd).st_size) or fsync(fd))
    monkeypatch.setattr(os, "replace", lambda a, b: done.append((a.name, b.name)) or replace(a, b))
    with whole_file(tmp_path / "x") as file:
        file.write(b"new")
    assert done == [3, ("x.unfinished", "x")]


def test_a_file_in_a_folder_that_is_gone_is_named(tmp_path):
    with pytest.raises(
        OSError, match=r"gone/x\.json: cannot be written: No such file or directory"):
        with whole_file(tmp_path / "gone" / "x.json") as file:
            file.write(b"new")


def test_a_folder_is_made_and_tried_and_left_empty(tmp_path):
    folder = tmp_path / "a" / "b"
    assert output_folder("--out", folder) == folder
    assert output_folder("--out", str(folder)) == folder and names(folder) == []


def test_what_is_no_folder_to_write_in_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(
        OSError, match="^--out: expected a folder to write in, got .*file: that is a file$"):
        output_folder("--out", tmp_path / "file")
    with pytest.raises(OSError, match="^--out: .*file/below: Not a directory$"):
        output_folder("--out", tmp_path / "file" / "below")
    if os.path.isdir("/proc/self"):  # folders in which nobody can write, not even root
        for folder in ("/proc/self", "/proc/new"):
            with pytest.raises(
                OSError, match=f"^--out: expected a folder to write in, got {folder}: "):
                output_folder("--out", folder)


def test_a_folder_on_a_full_disk_is_named(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(
            OSError, match="^--out: expected a folder to write in, got .*: File too large$"):
            output_folder("--out", tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


WRITER = """
import sys
from snu_ref.files import one_writer

with one_writer("--out", sys.argv[1]):
    print("here", flush=True)
    sys.stdin.read()
"""


def test_a_folder_has_one_writer_and_is_free_when_its_process_ends_in_whatever_way(tmp_path):
    folder = tmp_path / "d"
    for end in ("by itself", "killed"):
        process = subprocess.Popen([sys.executable, "-c", WRITER, folder], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "here\n"
        with pytest.raises(OSError, match="^--out: expected a folder that no other run writes in, "
                                          "got .*d: another run is writing there$"):
            with one_writer("--out", folder):
                pass
        if end == "killed":
            process.kill()
        process.communicate(timeout=600)
        with one_writer("--out", folder):
            pass
        assert names(folder) == []


def test_a_lock_whose_file_was_taken_away_is_no_lock(tmp_path, monkeypatch):
    """The last owner removes the file after the next one opened it, before that has the lock."""
    from snu_ref import files
    lock, calls = files._lock, []

    def removed_before(file):
        calls.append(file)
        if len(calls) == 1:
            os.unlink(file.name)
        lock(file)

    monkeypatch.setattr(files, "_lock", removed_before)
    with one_writer("--out", tmp_path):
        assert len(calls) == 2 and calls[0].closed
        with pytest.raises(OSError, match="another run is writing there"):
            with one_writer("--out", tmp_path):
                pass


def test_a_file_for_a_result_is_tried_before_the_work(tmp_path):
    path = tmp_path / "x.json"
    assert output_file("--json", path) == path and names(tmp_path) == []
    for path in ("", tmp_path, tmp_path / "gone" / "x.json"):
        with pytest.raises(ValueError, match="^--json: expected a file that can be written, got "):
            output_file("--json", path)


def test_a_file_of_as_many_bytes_as_allowed_is_read_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == read_regular(path, 6) == b"12345"
    for most in (3, 4):
        with pytest.raises(ValueError, match=f"expected at most {most} bytes, found more"):
            read_regular(path, most)


# ---- progress -----------------------------------------------------------------------------------


class Stream:
    """A stream that keeps what is written, and says whether it is a terminal."""

    def __init__(self, terminal):
        self.terminal, self.text = terminal, ""

    def isatty(self):
        return self.terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.fixture
def time(monkeypatch):
    """A clock whose time changes only when the test changes it."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


def test_progress_on_a_terminal_is_one_line_drawn_anew(time):
    stream = Stream(True)
    counting = Progress(4, "counting", stream)
    time(3)
    counting.step("here")
    assert stream.text.strip() == "counting   25 %  0:09 left  here" and stream.text[0] == "\r"
    drawn = stream.text
    time(0.05)
    counting.step("too soon")
    assert stream.text == drawn
    counting.close()
    assert (
        stream.text[len(drawn) :].strip() == "" and stream.text[-1] == "\r"
        and "\n" not in stream.text)


@pytest.mark.parametrize("columns", [200, 100, 80, 60, 20, 2])
def test_progress_fits_the_terminal_as_wide_as_it_is_now(time, monkeypatch, columns):
    """The last column stays free: some terminals go on to the next line there."""
    stream = Stream(True)
    counting = Progress(4, "counting the sheep", stream)
    for width in (90, columns):
        monkeypatch.setenv("COLUMNS", str(width))
        stream.text = ""
        time(3)
        counting.step("a long note " * 20)
        assert [len(line) for line in stream.text.split("\r")] == [0, width - 1]
    counting.close()
    assert [len(line) for line in stream.text.split("\r")] == [0, width - 1, width - 1, 0]


def test_progress_asks_the_stream_itself_for_its_width(time):
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 43, 0, 0))
    with open(slave, "w") as stream:
        counting = Progress(4, "counting", stream)
        time(3)
        counting.step("a long note " * 20)
        assert len(os.read(master, 1000)) == 1 + 42
    os.close(master)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_that_cannot_be_shown_does_not_stop_the_work(time, terminal):
    class Gone(Stream):
        def write(self, text):
            raise OSError(28, "No space left on device")

    counting = Progress(4, "counting", Gone(terminal))
    time(100)
    counting.step()
    counting.say("a word")
    counting.close()
    assert counting.done == 1


def test_progress_in_a_pipe_is_a_line_a_minute(time):
    stream = Stream(False)
    counting = Progress(400, "counting", stream)
    for i in range(200):
        time(1)
        counting.step(f"step {i}")
    counting.close()
    assert stream.text.splitlines() == [
        "counting   15 %  5:40 left  step 59", "counting   30 %  4:40 left  step 119",
        "counting   45 %  3:40 left  step 179"]


def test_the_time_left_of_resumed_work_is_by_the_steps_taken_since(time):
    stream = Stream(True)
    counting = Progress(100, "counting", stream, done=90)
    time(10)
    counting.step()
    assert "91 %  1:30 left" in stream.text


def test_clock():
    assert [clock(s) for s in (0, 59.4, 59.6, 3599, 3600, 36061)] == [
        "0:00", "0:59", "1:00", "59:59", "1:00:00", "10:01:01"]


@pytest.mark.parametrize("columns, widest", [(1, 19), (2, 19), (20, 19), (80, 79), (300, 99)])
def test_a_text_fits_a_terminal_of_any_width(monkeypatch, columns, widest):
    """One of a single column, too, which once cost the results that were to be printed."""
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = wrapped("word " * 200).splitlines()
    assert widest - 5 < max(map(len, lines)) <= widest
    assert "".join(lines).split() == ["word"] * 200
