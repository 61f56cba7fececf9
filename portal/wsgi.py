"""What the server runs: the door in front, Django behind it, and the timed work beside them."""

import gc
import os
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - what follows needs Django to be set up

from keys import verify  # noqa: E402
from portal import tick  # noqa: E402
from portal.headers import forget_strangers  # noqa: E402

LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer /verify at once, without sessions, cookies, hosts and pages; hand everything else to Django."""
    if environ["PATH_INFO"] != "/verify":
        return django(environ, start_response)
    forget_strangers(environ)
    told = verify.answer(environ)
    headers = [*told.headers.items(), ("Content-Length", str(len(told.body)))]
    start_response(LINES[told.status], headers)
    return [told.body]


# What there is by now stays, and a call leaves no cycles behind: looking for them took a twentieth of the time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
if settings.TICK == "inside":
    tick.start(threading.Event())
