"""Seals what waits, whenever a line comes in; prints how many rows that were and the seconds of CPU it took, as JSON.

python -m bench.doors.sealer
"""

import json
import os
import sys
import time

import django


def seal() -> dict[str, float]:
    """All that waits."""
    from audit.integrity.sealing import sealer

    began, rows = time.process_time(), 0
    while some := sealer.seal_all():
        rows += some
    return {"rows": rows, "cpu": time.process_time() - began}


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    for _ in sys.stdin:
        print(json.dumps(seal()), flush=True)
