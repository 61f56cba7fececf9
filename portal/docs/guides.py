"""The guides: files of docs/ that have a page in the portal, and where a link among them leads here."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Guide:
    """A file in docs/ that has a page in the portal."""

    slug: str
    title: str
    says: str

    @property
    def file(self) -> str:
        """Its name below docs/."""
        return f"{self.slug}.md"

    @property
    def path(self) -> Path:
        """Where its markdown is."""
        return Path(settings.BASE_DIR, "docs", self.file)

    @property
    def address(self) -> str:
        """Where its page is."""
        return reverse("guide", args=[self.slug])

    @property
    def apis(self) -> "list[Api]":
        """The references that go with it."""
        return [api for api in APIS if api.guide == self.slug]


@dataclass(frozen=True, slots=True)
class Api:
    """An API with a reference page, made of its OpenAPI document."""

    slug: str
    title: str
    says: str
    guide: str
    """The slug of the guide that goes with it."""
    page: str
    document: str
    """The names of both addresses in portal/urls.py."""

    @property
    def address(self) -> str:
        """Where its page is."""
        return reverse(self.page)

    @property
    def source(self) -> str:
        """Where its document is, for programs."""
        return reverse(self.document)


APIS = (
    Api(
        "sdk-api",
        "Runtime API reference",
        "Every operation of the runtime API with its scope, fields and answers, made from the code that serves it.",
        guide="sdk",
        page="docs-reference",
        document="sdk-document",
    ),
    Api(
        "api-reference",
        "Management API reference",
        "Every operation of the management API with its permission, fields and answers, made from the same code.",
        guide="api",
        page="docs-api-reference",
        document="api-document",
    ),
)
GUIDES = (
    Guide(
        "door",
        "The door",
        "How a service, or the gateway in front of it, asks whether a call may pass: "
        "the question, the answer, and the order of checks.",
    ),
    Guide(
        "gateways",
        "Putting a gateway in front",
        "How nginx, Caddy, Traefik or HAProxy comes to ask the door, step by step: its secret, the files, "
        "what reaches the service, and what to do when something is wrong.",
    ),
    Guide(
        "sdk",
        "The runtime API",
        "What code that holds a key can ask of this portal, and how it signs what it asks.",
    ),
    Guide(
        "api",
        "The management API",
        "Everything a person can do on a page, for scripts: access tokens and what they may do, "
        "pages of a list, retries, one example for each kind of thing.",
    ),
    Guide(
        "cli",
        "The alter command",
        "How to sign in from a terminal, every command with its options, the exit codes, and recipes.",
    ),
    Guide(
        "webhooks",
        "Webhooks",
        "Who is sent the audit log as it is sealed: what arrives, how it is signed, and a receiver that checks it.",
    ),
    Guide(
        "leaks",
        "When a key leaks",
        "Who may report a key and how, what is done about it, signed reports from a secret scanner, "
        "and rules for scanners of your own.",
    ),
    Guide(
        "explorer",
        "Finding things in the audit log",
        "What can be written into the log's search box, and what stands beside the list.",
    ),
    Guide(
        "errors",
        "Refusals",
        "Every code that a refusal can carry, when it happens, and what to do about it.",
    ),
    Guide(
        "seals",
        "Seals of the record",
        "How the audit log proves that nobody edited it: what is hashed, signed and kept elsewhere, "
        "what each finding means, and the format for whoever writes another verifier.",
    ),
    Guide(
        "operations",
        "Operating a portal",
        "Settings, TLS, backup, PostgreSQL, peppers, upgrades, and what to watch.",
    ),
    Guide(
        "performance",
        "What the audit log and the door cost",
        "What was measured at up to ten million calls, and how to measure it again.",
    ),
    Guide(
        "threat-model",
        "Threat model",
        "What is protected from whom and how, and what is not.",
    ),
)
GATEWAYS = "gateways"
"""The folder of docs/ with the files for gateways, which can be read in the portal as they are."""


def find(slug: str) -> Guide | None:
    """The guide with this slug."""
    return next((guide for guide in GUIDES if guide.slug == slug), None)


def named(file: str) -> Guide | None:
    """The guide made of this file of docs/."""
    return next((guide for guide in GUIDES if guide.file == file), None)


def gateway_file(name: str) -> Path | None:
    """A file for a gateway, by its name in docs/gateways."""
    folder = Path(settings.BASE_DIR, "docs", GATEWAYS)
    return next((path for path in folder.iterdir() if path.name == name), None)


def leads_to(link: str) -> str | None:
    """Where a link in a file of docs/ leads in the portal. None: there is no such page."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return link
    folder, _, name = parts.path.rpartition("/")
    if folder == GATEWAYS and gateway_file(name):
        return reverse("docs-gateway-file", args=[name])
    guide = named(parts.path)
    place = f"#{parts.fragment}" if parts.fragment else ""
    return guide.address + place if guide else None
