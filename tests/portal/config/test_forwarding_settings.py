"""Where the record is handed on to: what is taken, and what is not."""

from pathlib import Path

import pytest

from portal.config import forwarding_settings
from portal.config.errors import WrongSetting


@pytest.mark.parametrize(
    "given", ["", "udp://siem.example.com:514", "tcp://[2001:db8::1]:601", "unix:///dev/log"]
)
def test_a_syslog_server_is_taken(given: str) -> None:
    assert forwarding_settings.syslog(given) == given


@pytest.mark.parametrize(
    "given",
    [
        "siem.example.com:514",
        "udp://siem.example.com",
        "udp://:514",
        "tcp://siem.example.com:99999",
        "tcp://siem.example.com:601/path",
        "tls://siem.example.com:6514",
        "unix://dev/log",
        "unix:",
        "tcp://[::1:601",
    ],
)
def test_what_names_none_is_not(given: str) -> None:
    with pytest.raises(WrongSetting, match="PORTAL_FORWARD_SYSLOG"):
        forwarding_settings.syslog(given)


def test_a_file_may_be_made_later(tmp_path: Path) -> None:
    assert forwarding_settings.file(str(tmp_path / "audit.log")) == tmp_path / "audit.log"


@pytest.mark.parametrize("given", ["audit.log", "./audit.log", "/no/such/folder/audit.log", "/dev/null", "/"])
def test_what_is_no_file_is_not_taken(given: str) -> None:
    with pytest.raises(WrongSetting, match="PORTAL_FORWARD_FILE"):
        forwarding_settings.file(given)


def test_hosts_are_read_in_small_letters() -> None:
    assert forwarding_settings.hosts([" SIEM.example.com ", "", "192.0.2.7"]) == {
        "siem.example.com",
        "192.0.2.7",
    }


@pytest.mark.parametrize("given", ["10.0.0.0/8", "*.example.com", "https://siem.example.com", "a b"])
def test_what_is_no_host_is_not_taken(given: str) -> None:
    with pytest.raises(WrongSetting, match="PORTAL_WEBHOOK_HOSTS"):
        forwarding_settings.hosts([given])
