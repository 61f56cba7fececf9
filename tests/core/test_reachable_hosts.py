"""A webhook may be out in the world, by https. The portal's own network is closed, unless the operator lists a host."""

import ipaddress

import pytest
from pytest_django import Settings

from core.errors import Invalid
from core.reachable_hosts import UnreachableHost, addresses_of, may_reach, parse_url

INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.1.2.3",
    "::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fd00:ec2::254",
    "100.100.100.200",
    "224.0.0.1",
    "ff02::1",
    str(ipaddress.IPv4Address(0)),
    "::",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
]


@pytest.fixture
def listed(settings: Settings) -> None:
    settings.WEBHOOK_HOSTS = frozenset({"siem.internal.example.com", "10.1.2.3", "169.254.169.254"})


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_world_may_be_reached(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), listed=False)


@pytest.mark.parametrize("address", INSIDE)
def test_ones_own_network_may_not(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), listed=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fd12:3456::1"])
def test_ones_own_network_may_where_it_is_listed(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), listed=True)


@pytest.mark.parametrize("address", NEVER)
def test_where_machines_are_told_secrets_may_never_be_reached(address: str) -> None:
    assert not may_reach(ipaddress.ip_address(address), listed=True)


@pytest.mark.parametrize(
    "url", ["https://siem.example.com/hook?x=1", "https://siem.example.com:8443", "https://[2606:4700::1]/"]
)
def test_an_https_address_is_taken(url: str) -> None:
    assert parse_url(f" {url} ") == url


def test_a_name_in_other_letters_is_taken_as_it_is_looked_up() -> None:
    assert parse_url("https://siém.example.com/") == "https://xn--sim-cma.example.com/"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "Enter an https URL"),
        ("siem.example.com", "Enter an https URL"),
        ("ftp://siem.example.com/", "Enter an https URL"),
        ("https:///hook", "Enter an https URL"),
        ("http://siem.example.com/", "Use https"),
        ("https://user:password@siem.example.com/", "Remove the user name"),
        ("https://siem.example.com/#top", "Remove the user name"),
        ("https://siem.example.com:0/", "Invalid URL"),
        ("https://siem.example.com:99999/", "Invalid URL"),
        ("https://[::1/", "Invalid URL"),
        ("https://127.0.0.1/", "private address"),
        ("https://169.254.169.254/latest/meta-data", "private address"),
        ("https://[::ffff:127.0.0.1]/", "private address"),
        ("https://siem.example.com/ x", "ASCII"),
        ("https://siem.example.com/\nx", "ASCII"),
        ("https://siem.example.com/é", "ASCII"),
        ("https://256.1.1.1/", "Enter an https URL"),
        ("https://a..b/", "Enter an https URL"),
        ("https://siem.example.com/" + "x" * 500, "up to 500"),
        ("https://siem.example.com/alter_pat_" + "a" * 40, "contains no key"),
    ],
)
def test_any_other_is_refused_with_a_sentence(url: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        parse_url(url)


@pytest.mark.parametrize(
    "url", ["http://siem.internal.example.com/", "http://10.1.2.3:8080/", "http://SIEM.internal.example.com"]
)
def test_a_listed_host_may_be_plain(listed: None, url: str) -> None:
    assert parse_url(url) == url


def test_a_listed_host_is_still_not_where_machines_are_told_secrets(listed: None) -> None:
    with pytest.raises(Invalid, match="private address"):
        parse_url("http://169.254.169.254/")


def test_a_name_is_judged_by_what_it_leads_to() -> None:
    with pytest.raises(UnreachableHost, match="not allowed"):
        addresses_of("localhost", 443)


def test_a_name_that_leads_nowhere_says_so() -> None:
    with pytest.raises(UnreachableHost, match="DNS lookup failed"):
        addresses_of("a" * 64 + ".example.com", 443)


@pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "127.1", "0177.0.0.1"])
def test_an_address_in_disguise_is_judged_by_what_it_is(host: str) -> None:
    with pytest.raises(UnreachableHost):
        addresses_of(host, 443)
