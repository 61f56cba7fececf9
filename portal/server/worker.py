"""What each process of the server loads: Django, the front, and the timed work beside them."""

import gc
import sys
import threading

from django.conf import settings

import portal.wsgi  # noqa: F401 - sets Django up
from portal import scheduler  # noqa: E402 - what follows needs Django to be set up
from portal.server.application import Front  # noqa: E402
from portal.server.protocol import FrontProtocol  # noqa: E402

__all__ = ["FrontProtocol", "application"]
application = Front()

# The loop waits for threads that compute no longer than this, in seconds; Python's own 5 ms are an answer late.
sys.setswitchinterval(0.0005)

# What there is by now stays, and a call leaves no cycles behind: looking for them took a twentieth of the time.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
if settings.TICK == "inside":
    scheduler.start(threading.Event())
