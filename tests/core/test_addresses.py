"""Which address a request came from: proxies walked from the right, and only those the operator trusts."""

import ipaddress

import pytest
from pytest_django import Settings

from core.addresses import client_address, is_trusted, parse_address


@pytest.fixture(autouse=True)
def behind_proxies(settings: Settings) -> None:
    """Two ranges of proxies are trusted."""
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("192.0.2.0/28"), ipaddress.ip_network("2001:db8:9::/48")]


def came_from(peer: str, *forwarded: str) -> str:
    """The client's address by a request from `peer` that says it forwards for `forwarded`."""
    meta = {"REMOTE_ADDR": peer, **({"HTTP_X_FORWARDED_FOR": ", ".join(forwarded)} if forwarded else {})}
    return str(client_address(meta) or "")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.7", "203.0.113.7"),
        (" 203.0.113.7 ", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%2]:80", "fe80::1"),
        ("\t203.0.113.7\t", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:4711", "203.0.113.7"),
    ],
)
def test_an_address_is_read_however_it_is_written(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "unknown",
        "_hidden",
        "203.0.113",
        "203.0.113.256",
        "203.0.113.07",
        "[]",
        "[",
        ":",
        "::g",
    ]
    + [
        "203.0.113.7, 203.0.113.8",
        "203.0.113.0/24",
        "203.0.113.7\x00",
        "\x00",
        "٣.0.113.7",
        "for=203.0.113.7",
        "203.0.113.7\xa0",
        "\x85203.0.113.7",
        "\u2003203.0.113.7",
        "203.0.113.7\n",
        "203.0.113.7%1",
        "203.0.113.7%",
        "203.0.113.7%1:80",
        "::ffff:203.0.113.7%eth0",
        "::ffff:169.254.0.7%eth0",
        "[::ffff:203.0.113.7%1]:80",
        "2001:db8::7%eth0",
        "::1%lo",
        "fe80::1%",
        "fe80::1%\xa0",
        "fe80::1%a%b",
        "[203.0.113.7]",
        "[2001:db8::7]x",
        "[2001:db8::7",
        "203.0.113.7:x",
        "203.0.113.7:",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_a_peer_that_is_no_proxy_is_the_client() -> None:
    assert came_from("203.0.113.7") == "203.0.113.7"


def test_a_peer_that_is_no_proxy_is_not_believed() -> None:
    assert came_from("203.0.113.7", "198.51.100.1") == "203.0.113.7"


def test_a_proxy_is_believed() -> None:
    assert came_from("192.0.2.1", "203.0.113.7") == "203.0.113.7"


def test_a_proxy_that_forwards_for_nobody_is_the_client() -> None:
    assert came_from("192.0.2.1") == "192.0.2.1"


def test_what_a_client_says_of_itself_stands_further_left_and_is_not_read() -> None:
    assert came_from("192.0.2.1", "198.51.100.1", "203.0.113.7") == "203.0.113.7"


def test_a_client_that_claims_to_be_a_proxy_gains_nothing() -> None:
    assert came_from("192.0.2.1", "198.51.100.1", "203.0.113.7", "192.0.2.2") == "203.0.113.7"


def test_a_chain_of_proxies_is_walked_to_its_end() -> None:
    assert came_from("192.0.2.1", "203.0.113.7", "2001:db8:9::5", "192.0.2.2") == "203.0.113.7"


def test_a_proxy_at_the_far_left_is_itself_the_client() -> None:
    assert came_from("192.0.2.1", "192.0.2.3", "192.0.2.2") == "192.0.2.3"


def test_a_hop_that_is_no_address_ends_the_walk_with_nothing() -> None:
    assert came_from("192.0.2.1", "203.0.113.7", "unknown") == ""


def test_an_empty_hop_is_no_address() -> None:
    assert came_from("192.0.2.1", "203.0.113.7", "") == ""


def test_a_mapped_proxy_is_the_proxy() -> None:
    assert came_from("::ffff:192.0.2.1", "203.0.113.7") == "203.0.113.7"


def test_a_hop_may_carry_its_port() -> None:
    assert came_from("192.0.2.1", "[2001:db8::7]:4711") == "2001:db8::7"


def test_a_socket_without_an_address_is_none() -> None:
    assert client_address({}) is None


def test_versions_are_not_mixed() -> None:
    assert not is_trusted(ipaddress.ip_address("2001:db8::1"))


def test_without_trusted_proxies_nobody_is_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    assert came_from("192.0.2.1", "203.0.113.7") == "192.0.2.1"
