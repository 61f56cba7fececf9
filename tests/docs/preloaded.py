"""Runs manage.py, or `alter`, in processes forked from one that has its libraries loaded.

`python preloaded.py --serve SOCKET manage` waits in a checkout; `python -S preloaded.py SOCKET manage.py WORDS…` is a
command. For other settings than the process that waits it ends with 97, and is to be started as usual.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

SETTINGS = ("DATABASE_URL", "EMAIL_URL", "HOST", "PORT", "WORKERS")

OTHER_SETTINGS = 97
LIFETIME = 1800
"""Seconds until it ends by itself, if whoever started it was killed."""


def settings_of(environment: dict[str, str]) -> dict[str, str]:
    """What the portal reads of an environment."""
    return {
        name: value for name, value in environment.items() if name in SETTINGS or name.startswith("PORTAL_")
    }


def ask(path: str, words: list[str]) -> int:
    """Have the one that waits run manage.py with our files, folder and environment; its exit code."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(path)
        told = {"words": words, "folder": str(Path.cwd()), "environment": dict(os.environ)}
        socket.send_fds(wire, [b"."], [0, 1, 2])
        wire.sendall(json.dumps(told).encode())
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(16).decode()
    return int(answer or 1)


def serve(path: str, kind: str) -> NoReturn:
    """Load all there is, and run each command that comes in a process of its own."""
    sys.path.insert(0, str(Path.cwd()))
    load, run = KINDS[kind]
    load()
    signal.alarm(LIFETIME)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    ours = settings_of(dict(os.environ))
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        while True:
            wire, _ = door.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _answer(wire, ours if kind == "manage" else None, run)
            wire.close()


def _load_portal() -> None:
    import django
    from django.core.management import get_commands, load_command_class

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    for name, app in get_commands().items():
        load_command_class(app, name)
    __import__("portal.urls")


def _load_alter() -> None:
    from alter.main import COMMANDS

    for name in {*COMMANDS, "client", "authorize"} - {"unlink"}:
        __import__(f"alter.{name}")


def _manage() -> None:
    import manage

    manage.main()


def _alter() -> None:
    from alter.main import main

    sys.exit(main())


KINDS: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "manage": (_load_portal, _manage),
    "alter": (_load_alter, _alter),
}


def _answer(wire: socket.socket, ours: dict[str, str] | None, run: Callable[[], None]) -> NoReturn:
    """One command, to its end."""
    _, files, _, _ = socket.recv_fds(wire, 1, 3)
    document = json.loads(b"".join(iter(lambda: wire.recv(65536), b"")))
    if ours is not None and settings_of(document["environment"]) != ours:
        wire.sendall(str(OTHER_SETTINGS).encode())
        os._exit(0)
    for number, file in enumerate(files):
        os.dup2(file, number)
    # Anew: those from before the fork remember whether their file could be sought in.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("r", "w", "w"))
    )
    os.chdir(document["folder"])
    os.environ.clear()
    os.environ.update(document["environment"])
    sys.argv = document["words"]
    wire.sendall(str(_run(run)).encode())
    os._exit(0)


def _run(run: Callable[[], None]) -> int:
    """To its end, and its exit code."""
    try:
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2], sys.argv[3])
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
