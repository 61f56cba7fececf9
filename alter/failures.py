"""How a failed run ends: each kind of exception as a message, a hint and an exit code."""

import os
import sys
from functools import singledispatch

import click
from click.exceptions import NoArgsIsHelpError

from alter import streams
from alter.exit_codes import Exit, Failure
from alter.output import complain, say
from alter.run import Run


@singledispatch
def end(error: BaseException, run: Run) -> int:
    """Print an error, and return the exit code."""
    if os.environ.get("ALTER_DEBUG"):
        raise error
    return fail(
        Exit.ERROR,
        f"{type(error).__name__}: {error}",
        "This is a bug in alter. For a traceback, set ALTER_DEBUG=1.",
    )


def fail(exit: Exit, message: str, hint: str = "") -> int:
    """Print an error and a hint, and return the exit code."""
    complain("error", message)
    if hint:
        complain("hint", hint)
    return exit


@end.register
def _(failure: Failure, run: Run) -> int:
    return fail(failure.exit, failure.message, failure.hint)


@end.register
def _(help: NoArgsIsHelpError, run: Run) -> int:
    say(help.format_message())
    return Exit.USAGE


@end.register
def _(error: click.UsageError, run: Run) -> int:
    where = error.ctx.command_path if error.ctx else "alter"
    message = error.format_message()
    if type(error) is click.BadParameter and error.param:
        message = f"{error.param.opts[0]}: {error.message}"
    return fail(Exit.USAGE, message, f"{where} --help")


@end.register
def _(error: click.ClickException, run: Run) -> int:
    return fail(Exit.ERROR, error.format_message())


@end.register(click.Abort)
@end.register(KeyboardInterrupt)
def _(interrupted: BaseException, run: Run) -> int:
    if interrupted.__cause__ is None:
        say("")  # after the ^C at the end of a question
    return fail(Exit.INTERRUPTED, "Interrupted.")


@end.register
def _(error: streams.Unwritable, run: Run) -> int:
    streams.abandon()
    if error.is_gone and not run.has_changed:
        return Exit.ERROR  # the reader has closed the pipe
    note = "The change was made." if run.has_changed else ""
    return fail(Exit.ERROR, f"Standard output cannot be written: {error.why}.", note)


@end.register
def _(error: OSError, run: Run) -> int:
    """Errors of this machine, wherever they occur."""
    if streams.find_fault(sys.stdout):
        return end(streams.Unwritable(error), run)
    if os.environ.get("ALTER_DEBUG"):
        raise error
    where = f"{error.filename}: " if error.filename else ""
    return fail(Exit.ERROR, f"{where}{error.strerror or error}.", "For a traceback, set ALTER_DEBUG=1.")
