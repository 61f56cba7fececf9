"""Runs a command whose words go to a terminal: `python -m tests.docs.terminal alter auth login`."""

import os
import pty
import subprocess
import sys
import threading


def main(words: list[str]) -> int:
    """Its exit code. What it says to the terminal is repeated on stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=_repeat, args=[ours], daemon=True)
    reader.start()
    code = process.wait(60)
    reader.join(5)
    return code


def _repeat(ours: int) -> None:
    try:
        while heard := os.read(ours, 4096):
            os.write(2, heard)
    except OSError:  # Linux says so when the other end is closed
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
