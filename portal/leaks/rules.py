"""Rules for secret scanners: what keys and access tokens of this portal look like."""

from keys.plaintext import AFTER_START, KINDS, SHORTEST_START

SAYS = {
    "app": "API key of an app",
    "agent": "API key of an agent",
    "derived": "derived API key",
    "token": "access token of a person",
}


def patterns() -> dict[str, str]:
    """Each kind of secret as a regular expression that RE2 reads: the whole of it, and nothing that is cut."""
    return {
        kind: rf"\b{start}[0-9A-Za-z]{{{AFTER_START - (len(start) - len(SHORTEST_START))}}}\b"
        if kind != "token"
        else rf"\b{start}[0-9A-Za-z]{{{AFTER_START}}}\b"
        for kind, start in KINDS.items()
    }


def gitleaks() -> str:
    """The rules as gitleaks reads them (TOML). It cannot check a checksum: `alter scan` does."""
    rules = [
        "\n".join(
            (
                "[[rules]]",
                f'id = "alter-{kind}"',
                f'description = "alter: {SAYS[kind]}"',
                f"regex = '''{pattern}'''",
                f'keywords = ["{KINDS[kind]}"]',
                "entropy = 3.0",
                'tags = ["alter", "api-key"]',
            )
        )
        for kind, pattern in patterns().items()
    ]
    return (
        "\n\n".join(
            ["# gitleaks: gitleaks detect --config gitleaks.toml", 'title = "alter key portal"', *rules]
        )
        + "\n"
    )


def trufflehog() -> str:
    """The same as TruffleHog's custom detectors (YAML)."""
    detectors = [
        "\n".join(
            (
                f"  - name: alter {SAYS[kind]}",
                "    keywords:",
                f"      - {KINDS[kind]}",
                "    regex:",
                f"      secret: '{pattern}'",
            )
        )
        for kind, pattern in patterns().items()
    ]
    return "\n".join(["# trufflehog filesystem . --config trufflehog.yaml", "detectors:", *detectors]) + "\n"
