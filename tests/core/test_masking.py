"""A sentence repeats of a setting's value what is no secret: scheme, host, and a port that is a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.masking import mask_path, mask_value

pytestmark = pytest.mark.one_engine
SECRET = "S3KRET"


def test_what_is_shown_of_a_value() -> None:
    for value, shown in {
        "https://u:p@ss@a.example/x?key=y": "https://…@a.example/…",
        "http://u:S3KRET@h": "http://…@h",
        "S3KRET@1.2.3.4": "…@1.2.3.4",
        "tcp://h:S3KRET": "tcp://h:…",
        "h:S3KRET": "h:…",
        "tcp://[::1]:514": "tcp://[::1]:514",
        "tcp://::1:514": "tcp://::1:514",
        "10.0.0.0/8": "10.0.0.0/8",
        "[fd00::]/8": "[fd00::]/8",
        "::ffff:1.2.3.4": "::ffff:1.2.3.4",
        "siem:70000": "siem:70000",
        "https://a.example/": "https://a.example/",
        "a.example?S3KRET": "a.example?…",
        "everyone": "everyone",
        "": "",
    }.items():
        assert mask_value(value) == shown, value
    assert mask_path("/srv/alter/audit.log") == "/srv/alter/audit.log"
    assert mask_path("C:/alter/audit.log") == "C:/alter/audit.log"
    assert mask_path("https:/u:S3KRET@h") == "…@h"


@given(
    st.sampled_from(["", "http://", "tsa+https://", "u://", "://", "//"]),
    st.sampled_from(["", "u:S3KRET@", "S3KRET@", "S3KRET:@", "u:S3K@S3KRET@", "u:/S3KRET?@", "u:S3KRET#@"]),
    st.sampled_from(["h", "1.2.3.4", "[::1]", "::1", "a b", "[", ""]),
    st.sampled_from(["", ":80", ":S3KRET", ":80:S3KRET", ":S3KRET:80"]),
    st.sampled_from(
        ["", "/", "/S3KRET", "?S3KRET", "/x?k=S3KRET", "#S3KRET", "\\S3KRET", "/8/S3KRET", "?a@S3KRET/"]
    ),
)
def test_no_secret_is_shown_wherever_it_stands(
    scheme: str, user: str, host: str, port: str, tail: str
) -> None:
    value = scheme + user + host + port + tail
    if "@S3KRET" not in tail:  # there it stands where a host does
        assert SECRET not in mask_value(value), value
