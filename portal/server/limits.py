"""What a connection may ask of the server: sizes in bytes, times in seconds (docs/decisions/0034)."""

MAX_HEAD = 64 * 1024
"""The request line and all headers together."""
MAX_HEADERS = 256
MAX_BODY = 1024 * 1024
"""The longest body that is read at all; what a page or an API takes is less, and is said there."""

HEAD_TIMEOUT = 10.0
"""From a request's first byte, or a new connection, to the end of its headers."""
BODY_GRACE = 10.0
"""How long a body may be slow before its rate counts."""
MIN_BODY_RATE = 8192
"""Bytes of body a second, after the grace."""
BODY_TIMEOUT = BODY_GRACE + MAX_BODY / MIN_BODY_RATE + 1
"""What no body takes longer than."""
EARLY_CHECK = 0.05
"""A body that takes longer than this is waited for only if the key it came with is known."""
IDLE_TIMEOUT = 75.0
"""Between two requests: longer than the 60 s that gateways keep a connection, so that they close it and not we."""
WRITE_GRACE = 20.0
"""How long an answer may wait for a reader who takes nothing."""
MIN_WRITE_RATE = 4096
"""Bytes of answer a second that a reader takes, after the grace."""
VERIFY_TIMEOUT = 20.0
"""How long a call to /verify waits for its batch."""
SHUTDOWN_TIMEOUT = 10

MAX_CONNECTIONS = 8192
"""In one process. One more closes the one that has waited longest without asking anything."""
MAX_BODIES = 128 * 1024 * 1024
"""Bytes of bodies that have not come whole, in one process. Beyond it those that have waited longest are cut off."""
MAX_UNSENT = 128 * 1024 * 1024
"""Bytes of answers that wait for slow readers, in one process. Beyond it the slowest are cut off."""
MAX_WHOLE = 1024 * 1024
"""An answer up to this length is taken from Django at once, so that its reader holds no thread."""

RUNTIME_THREADS = 16
"""For /sdk: its calls wait for one commit together."""
PAGE_THREADS = 6
"""For pages, /api and all else. They compute, so more of them would only keep the loop waiting for its turn."""
MAX_STREAMS = 3
"""Long answers, such as exports, that may hold a thread at the same time."""
MAX_QUEUE = 64
"""Requests that may wait for a thread, in each of the two. One more is told to come again."""
