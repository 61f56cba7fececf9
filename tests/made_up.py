"""What both suites of made-up requests share: schemathesis looks at the answers of /sdk and of /api/v1 alike."""

from datetime import timedelta
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode, checks, openapi
from schemathesis.config import SchemathesisConfig

NO_CREDENTIALS = SchemathesisConfig.from_dict(
    {
        "generation": {"with-security-parameters": False},
        # 413 is a "no" too: some made-up bodies are too long.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    }
)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


def cases(document: dict[str, Any]) -> list[tuple[GenerationMode, Any]]:
    """Every operation with sound data; and with unsound data each that takes any."""
    read: Any = openapi.from_dict(document, config=NO_CREDENTIALS)
    operations: list[Any] = [operation.ok() for operation in read.get_all_operations()]
    sound = [(GenerationMode.POSITIVE, one) for one in operations]
    return sound + [(GenerationMode.NEGATIVE, one) for one in operations if list(one.query) or list(one.body)]


def all_checks() -> Any:
    """What is looked at in each answer. They are known once a document has been read."""
    return checks.CHECKS.get_by_names(list(CHECKS))


def few(examples: int) -> settings:
    """The same few examples at each run."""
    return settings(
        max_examples=examples,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def name_of(one: Any) -> str:
    """How a test is called after its mode and its operation."""
    return getattr(one, "label", None) or str(one.value)


def looked_at(answer: Any, asked: Any, body: bytes) -> httpx.Response:
    """The portal's `answer` to the request `asked`, as schemathesis wants to look at it."""
    content = b"".join(answer) if answer.streaming else answer.content
    request = httpx.Request(asked.method, asked.url, content=body)
    made = httpx.Response(answer.status_code, headers=list(answer.items()), content=content, request=request)
    made.elapsed = timedelta()
    return made


def as_text(value: Any) -> str:
    """A header as text."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
