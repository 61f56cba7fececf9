"""How leak reports are refused."""

from audit.refusals import Refusal


class NotSigned(Refusal):
    """A scanner's report without a signature that holds: none, another's, or of another body."""

    code = "not_signed"
    status = 401
    message = "This report is not signed by a known scanner."
    hint = "Send Github-Public-Key-Identifier and Github-Public-Key-Signature over the body as it is."


class BadReport(Refusal):
    """What was sent is no report, or names nothing of our shape."""

    code = "bad_report"
    status = 422
    message = "This is no report of a key of this portal."
    hint = 'Send {"sha256": "…64 hex digits…"} or {"key": "alter_key_…"}, whole and with its checksum.'


class TooManyReports(Refusal):
    """Reports come too fast from one address."""

    code = "too_many_reports"
    status = 429
    message = "Too many reports from this address."
    hint = "Wait a minute."

    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}
