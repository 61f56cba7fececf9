#!/usr/bin/env python
"""Runs the portal's commands for the shell: `manage.py help` lists them."""

import os
import sys

from django.core.management import execute_from_command_line

from portal.starting import in_a_sentence


def main() -> None:
    """Run one command; what keeps it from its work is told in a sentence, not in a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    with in_a_sentence():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
