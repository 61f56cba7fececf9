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
    summary: str

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
    summary: str
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
        "Every operation of the runtime API: scope, fields and responses.",
        guide="sdk",
        page="docs-reference",
        document="sdk-document",
    ),
    Api(
        "api-reference",
        "Management API reference",
        "Every operation of the management API: permission, fields and responses.",
        guide="api",
        page="docs-api-reference",
        document="api-document",
    ),
)
GUIDES = (
    Guide(
        "portal",
        "Using the portal",
        "Apps and environments, the overview, actions for several keys, key lookup, and shortcuts.",
    ),
    Guide(
        "verify",
        "Verify API",
        "Check API keys from a service or a gateway: the request, the response, and the order of checks.",
    ),
    Guide("scopes", "Scopes", "What keys can be allowed to do: an app's own resources, levels and actions."),
    Guide(
        "gateways",
        "Gateway setup",
        "Connect nginx, Caddy, Traefik or HAProxy to the verify endpoint, step by step.",
    ),
    Guide("sdk", "Runtime API", "What code that holds a key can request, and how requests are signed."),
    Guide(
        "api",
        "Management API",
        "Manage apps, agents, keys and members from scripts: access tokens, pagination, retries and examples.",
    ),
    Guide(
        "cli",
        "Command line",
        "Every alter command with its options, exit codes and recipes, and how to sign in from a terminal.",
    ),
    Guide(
        "webhooks",
        "Webhooks",
        "Send the audit log to other systems: payloads, signatures, and a receiver that verifies them.",
    ),
    Guide(
        "leaked-keys",
        "Leaked keys",
        "Report a leaked key, choose what happens to it, and connect a secret scanner.",
    ),
    Guide("audit-log", "Audit log search", "Filters of the search box, facets and the chart."),
    Guide("errors", "Error codes", "Every error code: when it is returned, and how to fix it."),
    Guide(
        "integrity",
        "Audit log integrity",
        "How tampering is detected: hashes, signatures and checkpoints, every finding, and the file format.",
    ),
    Guide(
        "self-hosting",
        "Self-hosting guide",
        "Settings, TLS, backups, PostgreSQL, peppers, upgrades and monitoring.",
    ),
    Guide(
        "performance", "Performance", "Measurements at up to ten million requests, and how to repeat them."
    ),
    Guide("threat-model", "Threat model", "What is protected, from whom and how, and what is not."),
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
