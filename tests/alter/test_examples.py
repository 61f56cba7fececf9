"""The examples that each `--help` of the command ends with, run against a portal."""

import re
import shlex
from pathlib import Path

from agents.models import Agent, App
from alter.command import Verb
from tests.alter.running import alter
from tests.alter.test_main import EVERY
from tests.factories import minted

LEFT_OUT = (
    "alter auth log",
    "--follow",
    "alter completion",
    "alter apps delete",
    "alter members remove",
    "alter users remove",
)
"""Asks at a browser or a terminal, is for a shell's own file, or never ends."""
MISSING = (0, 4, 5)
"""Done; or what it names is not there any more, or not in that state: an example is never a wrong way to ask."""


def examples_of(words: str) -> list[str]:
    """The lines of `alter WORDS --help` to copy."""
    command = EVERY[words]
    assert isinstance(command, Verb)
    return [line.strip() for line in command.examples.strip().splitlines() if line.strip()]


def test_every_example_of_the_alter_command_is_a_right_way_to_ask(
    signed_in: str, app: App, agent: Agent
) -> None:
    key = minted(app).key
    (Path.cwd() / "src").mkdir()
    wrong = []
    for words in EVERY:
        for line in examples_of(words):
            if not line.startswith("alter ") or any(left_out in line for left_out in LEFT_OUT):
                continue
            ids = {"agent": agent.id, "agents": agent.id, "key": key.id, "keys": key.id}
            noun = re.search(r"alter (agents|keys)", line)
            said_id = str(ids[noun[1]] if noun else app.id)
            text = re.sub(r"--key \S{36}", f"--key {key.id}", re.split(r" (?:\||>>?) ", line)[0])
            text = re.sub(r"--agent \S{36}", f"--agent {agent.id}", text)
            text = re.sub(r"01a2014c-7d82-7143-ad7c-abc8f9270982", said_id, text)
            result = alter(*shlex.split(text, comments=True)[1:])
            wrong += [] if result.code in MISSING else [f"{line}: {result.code} {result.err}"]
    assert not wrong
