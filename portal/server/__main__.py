"""Serves the portal: `python -m portal.server --host 127.0.0.1 --port 8000 --workers 1`."""

import argparse
import os

import django
import uvicorn

from portal.config import listen
from portal.config.startup_errors import CannotStart, in_a_sentence, require_database
from portal.server import limits

MAX_WORKERS = 256


def main() -> None:
    """Serve until told to stop. What is on its way by then is answered; with several workers a dead one is replaced."""
    parser = argparse.ArgumentParser(prog="python -m portal.server", description="Serve the portal.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", default="8000", help="port to listen on (8000)")
    parser.add_argument(
        "--workers", type=_count, default=1, help="processes; one for each two cores is plenty (1)"
    )
    arguments = parser.parse_args()
    with in_a_sentence():
        host, port = _ready(arguments.host, arguments.port)
    uvicorn.run(
        "portal.server.worker:application",
        host=host,
        port=port,
        workers=arguments.workers,
        http="portal.server.worker:FrontProtocol",
        interface="asgi3",
        lifespan="off",
        ws="none",
        # Who is believed about addresses is our own business: portal/middleware.py.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="error",
        backlog=2048,
        # portal/server/connections.py closes what is idle; this is never reached.
        timeout_keep_alive=int(limits.IDLE_TIMEOUT * 4),
        timeout_graceful_shutdown=limits.SHUTDOWN_TIMEOUT,
    )


def _ready(host: str, port: str) -> tuple[str, int]:
    """Where to listen, once all is there that is needed to serve. Raises what in_a_sentence() tells."""
    try:
        where = listen.parse(host, port)
        listen.try_listening(*where)
    except listen.CannotListen as wrong:
        raise CannotStart(str(wrong)) from None
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    require_database()
    return where


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"write a number from 1 to {MAX_WORKERS}")
    return int(text)


if __name__ == "__main__":
    main()
