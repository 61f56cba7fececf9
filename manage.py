#!/usr/bin/env python
"""Runs the portal's commands for the shell: `manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

from alter import streams
from portal.config.startup_errors import in_a_sentence


def main() -> None:
    """Run one command; what keeps it from its work, or from saying what it did, is told in a sentence."""
    streams.prepare()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with in_a_sentence():
        try:
            execute_from_command_line(sys.argv)
            streams.settle()
        except (streams.Unwritable, OSError):
            fault = streams.find_fault(sys.stdout)
            if fault is None:
                raise
            streams.abandon()
            sys.stderr.write(
                f"Standard output cannot be written: {fault.strerror}. The command ran all the same.\n"
            )
            sys.exit(1)


if __name__ == "__main__":
    main()
