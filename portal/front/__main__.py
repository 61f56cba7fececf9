"""Serves the portal: `python -m portal.front --host 127.0.0.1 --port 8000 --workers 1`."""

import argparse

import uvicorn

from portal.front import limits


def main() -> None:
    """Serve until told to stop. What is on its way by then is answered; with several workers a dead one is replaced."""
    words = argparse.ArgumentParser(prog="python -m portal.front", description="Serve the portal.")
    words.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    words.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
    words.add_argument(
        "--workers", type=int, default=1, help="processes; one for each two cores is plenty (1)"
    )
    told = words.parse_args()
    uvicorn.run(
        "portal.front.worker:application",
        host=told.host,
        port=told.port,
        workers=told.workers,
        http="portal.front.worker:FrontProtocol",
        interface="asgi3",
        lifespan="off",
        ws="none",
        # Who is believed about addresses is our own business: portal/headers.py.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        log_level="error",
        backlog=2048,
        # portal/front/connections.py closes what is idle; this is never reached.
        timeout_keep_alive=int(limits.IDLE_TIMEOUT * 4),
        timeout_graceful_shutdown=limits.SHUTDOWN_TIMEOUT,
    )


if __name__ == "__main__":
    main()
