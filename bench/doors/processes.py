"""What processes have cost: CPU and memory of a process and all that it started, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and all below it."""
    return [root, *(pid for child in _children(root) for pid in tree(child))]


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in _read(task).split()]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu(root: int) -> float:
    """Seconds of CPU that a tree has used, with its ended children's."""
    return sum(_cpu_of(pid) for pid in tree(root)) / TICKS


def _cpu_of(pid: int) -> int:
    told = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, told[11:15])) if told else 0


def resident(root: int) -> float:
    """Megabytes that the largest process of a tree holds."""
    return max(_resident_of(pid) for pid in tree(root))


def _resident_of(pid: int) -> float:
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024
