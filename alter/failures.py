"""How a run ends that did not end well: each kind of exception as a sentence, a hint and an exit code."""

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
    """Say what ended a run, and return its exit code."""
    if os.environ.get("ALTER_DEBUG"):
        raise error
    return tell(
        Exit.ERROR, f"{type(error).__name__}: {error}", "A mistake of ours. ALTER_DEBUG=1 shows where."
    )


def tell(exit: Exit, message: str, hint: str = "") -> int:
    """What was wrong, and what to do."""
    complain("error", message)
    if hint:
        complain("hint", hint)
    return exit


@end.register
def _(failure: Failure, run: Run) -> int:
    return tell(failure.exit, failure.message, failure.hint)


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
    return tell(Exit.USAGE, message, f"{where} --help")


@end.register
def _(error: click.ClickException, run: Run) -> int:
    return tell(Exit.ERROR, error.format_message())


@end.register(click.Abort)
@end.register(KeyboardInterrupt)
def _(interrupted: BaseException, run: Run) -> int:
    if interrupted.__cause__ is None:
        say("")  # after the ^C that stands at the end of a question
    return tell(Exit.INTERRUPTED, "Interrupted.")


@end.register
def _(error: streams.Unwritable, run: Run) -> int:
    streams.abandon()
    if error.is_gone and not run.has_changed:
        return Exit.ERROR  # whoever read us has gone, and knows
    done = "What was asked for was done all the same." if run.has_changed else ""
    return tell(Exit.ERROR, f"Standard output cannot be written: {error.why}.", done)


@end.register
def _(error: OSError, run: Run) -> int:
    """What this machine refuses, wherever that was."""
    if streams.find_fault(sys.stdout):
        return end(streams.Unwritable(error), run)
    if os.environ.get("ALTER_DEBUG"):
        raise error
    where = f"{error.filename}: " if error.filename else ""
    return tell(Exit.ERROR, f"{where}{error.strerror or error}.", "ALTER_DEBUG=1 shows where.")
