"""`make bench-audit` runs: at a size at which its figures say nothing, so that it is there when they are wanted."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = ["--sizes", "1k", "--rounds", "1", "--backlog", "200", "--seconds", "0", "--shapes", "jsonl"]

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it tells a program."""
    path = tmp_path_factory.mktemp("bench") / "figures.json"
    command = [sys.executable, "-m", "bench.audit", *SMALL, "--json", str(path)]
    kept = ("PATH", "HOME", "PORTAL_TEST_PG_BIN")
    environment = {name: value for name, value in os.environ.items() if name in kept}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_every_reading_is_measured(figures: dict[str, Any]) -> None:
    assert all(row["ms"]["1k"] > 0 for row in figures["reads"].values())


def test_the_pages_of_the_explorer_are_held_to_a_bound(figures: dict[str, Any]) -> None:
    assert figures["reads"]["newest page of an app"]["bound"] == 1.5


def test_an_export_is_measured(figures: dict[str, Any]) -> None:
    assert figures["export"]["jsonl: lines"] > 100


def test_all_that_waits_is_sealed(figures: dict[str, Any]) -> None:
    assert figures["sealing"]["rows sealed"] >= 200
