"""Runs what people and programs do at the same moment, each in a thread with a connection of its own."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

from django.db import connection

Act = Callable[[], object]


def in_threads(acts: Iterable[Act], seconds: float = 60) -> None:
    """Each act in a thread. What the first that failed raised is raised here."""
    errors = list[BaseException]()

    def run(act: Act) -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    if errors:
        raise errors[0]


def at_once(acts: Iterable[Act]) -> Counter[str]:
    """Begin all `acts` at the same moment, each in a thread; how many came to which end."""
    acts = list(acts)
    start, ends = threading.Barrier(len(acts)), list[str]()

    def run(act: Act) -> None:
        try:
            start.wait(10)
            act()
            ends.append("done")
        except Exception as error:
            ends.append(type(error).__name__)

    in_threads((partial(run, act) for act in acts), seconds=30)
    return Counter(ends)
