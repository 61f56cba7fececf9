"""Rules by which secret scanners know the portal's keys: for gitleaks and for TruffleHog.

A rule knows a key by its start, its alphabet and its length. The checksum at its end takes arithmetic that no rule
can do: `alter scan` does.
"""

from collections.abc import Callable
from typing import NamedTuple

from keyformat.grammar import STARTS, random_length


class Secret(NamedTuple):
    """One kind of secret that the portal hands out."""

    id: str
    description: str
    kind: str
    """One of keyformat's."""

    @property
    def start(self) -> str:
        """The characters that it begins with."""
        return STARTS[self.kind]

    @property
    def regex(self) -> str:
        """In the syntax of RE2. A prefix alone, which may be shown and logged, is too short for it."""
        return rf"{self.start}[0-9A-Za-z]{{{random_length(self.kind)}}}\b"


SECRETS = (
    Secret("alter-app-key", "alter app key", "app"),
    Secret("alter-agent-key", "alter agent key", "agent"),
    Secret("alter-derived-key", "alter derived key", "derived"),
    Secret("alter-access-token", "alter personal access token", "token"),
    Secret("alter-gateway-secret", "alter gateway secret", "gateway"),
)
ENTROPY = 3.8
"""Bits a character, of the whole secret. Of 240,000 made keys none had less than 4.2; rows of x have less than 2.2."""
EXAMPLES = ("0123456789", "abcdefghij", "example")
"""What stands in made-up keys, in either case. One real key in a thousand million has such a word in it."""
_ABOUT = """\
# Rules for the keys and access tokens of an alter portal.
# They match keys by start and length. `alter scan` also verifies the checksum, and looks up by hash which keys are
# active.
"""


def gitleaks() -> str:
    """A configuration for gitleaks 8.21 or later, beside the rules that it brings."""
    return _ABOUT + 'title = "alter keys"\n\n[extend]\nuseDefault = true\n' + "".join(map(_gitleaks, SECRETS))


def trufflehog() -> str:
    """Custom detectors for TruffleHog 3. They verify nothing: that would send the key itself over the net."""
    return _ABOUT + "detectors:\n" + "".join(map(_trufflehog, SECRETS))


FILES: dict[str, Callable[[], str]] = {"gitleaks.toml": gitleaks, "trufflehog.yaml": trufflehog}


def _gitleaks(secret: Secret) -> str:
    words = ", ".join(f'"{word}"' for word in EXAMPLES)
    return f"""
[[rules]]
id = "{secret.id}"
description = "{secret.description}. Report or revoke it."
regex = '''{secret.regex}'''
entropy = {ENTROPY}
keywords = ["{secret.start}"]
tags = ["alter", "key"]

[[rules.allowlists]]
description = "Made-up keys of examples."
stopwords = [{words}]
"""


def _trufflehog(secret: Secret) -> str:
    words = "".join(f"      - {word!r}\n" for word in EXAMPLES)
    return f"""\
  - name: {secret.id}
    keywords:
      - {secret.start}
    regex:
      key: '{secret.regex}'
    entropy: {ENTROPY}
    exclude_words:
{words}"""
