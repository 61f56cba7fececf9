"""The OCSF export: one event per line, beginning with the event of the export itself."""

from collections.abc import Iterator
from typing import Any

from audit.export import ocsf
from audit.export.extract import Extract
from audit.export.json_lines import as_line


def lines(extract: Extract) -> Iterator[bytes]:
    """`extract` as events: that it was taken out, and then what it holds."""
    yield as_line(_header(extract))
    for sealed in extract.entries():
        yield as_line(ocsf.from_row(sealed.row, sealed.seq))


def _header(extract: Extract) -> dict[str, Any]:
    app_id = str(extract.filters.app_id or "none")
    head = extract.head()
    more = {
        **ocsf.status(succeeded=True),
        "time": int(extract.at.timestamp() * 1000),
        "message": f"{extract.rows} rows of the audit log of {extract.name}",
        "metadata": {
            "version": ocsf.VERSION,
            "product": ocsf.PRODUCT,
            "log_name": "audit",
            "event_code": "audit.export",
            "original_time": head["exported_at"],
        },
        "actor": {"app_name": ocsf.PRODUCT["name"]},
        "api": {"operation": "audit.export"},
        "src_endpoint": {"name": ocsf.PRODUCT["name"]},
        "resources": [{"type": "audit log", "uid": app_id, "name": extract.name}],
        "unmapped": head,
    }
    return ocsf.event(ocsf.API_ACTIVITY, 2, "Read", more)
