"""Hosts are read and written in one way, whatever they are: names, IPv4, IPv6, other letters, ports."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.hosts import canonical_url, format_host, parse_host, parse_origin, split_port

SPELLINGS = {
    "keys.example.com": ("keys.example.com", "KEYS.Example.COM", "keys.example.com."),
    "xn--bcher-kva.example": (
        "bücher.example",
        "BÜCHER.example.",
        "xn--bcher-kva.example",
        "bücher。example",
    ),
    "xn--strae-oqa.example": ("straße.example",),
    "fd00:10::5": ("fd00:10::5", "[FD00:10:0::5]", "fd00:0010:0000:0000:0000:0000:0000:0005"),
    "fe80::1%eth0": ("fe80::1%eth0", "[fe80::1%25eth0]"),
    "192.0.2.7": ("192.0.2.7", "192.0.2.7."),
    "_dmarc.example": ("_dmarc.example",),
    "localhost": ("LocalHost",),
}
assert parse_host("ü")  # reads the tables of letters, for which the first example would have to wait
NO_HOSTS = (
    *(
        "",
        ".",
        "a b",
        "a/b",
        "a..b",
        ".a",
        "-a",
        "a-",
        "*.a",
        "a:b",
        "u@a",
        "a\n",
        "x" * 64,
        "a." * 127 + "a",
    ),
    *("127.1", "0x7f.1", "256.1.1.1", "1.2.3.4.5", "0177.0.0.1", "2130706433", "a.1"),
    *("[1.2.3.4]", "[a]", "[::1", "::1]", "[::1]x", "::g", "::1%eth0", "fe80::1%", "fe80::1%a b", "[]"),
)


def test_every_spelling_is_the_same_host() -> None:
    for host, spellings in SPELLINGS.items():
        for text in spellings:
            assert parse_host(text) == host, text
            assert split_port(f"[{text.strip('[]')}]:80" if ":" in text else f"{text}:80") == (host, 80)


@pytest.mark.parametrize("text", NO_HOSTS)
def test_what_is_no_host_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError):
        parse_host(text)


@pytest.mark.parametrize("text", ["a:", "a:0", "a:65536", "a:8x", "[::1]:", "[::1]80", "a:80:80", "a:٣"])
def test_what_is_no_port_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError):
        split_port(text)


@given(st.ip_addresses(), st.one_of(st.none(), st.integers(1, 65535)))
def test_an_address_comes_back_as_it_was_written(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int | None
) -> None:
    assert split_port(format_host(str(address), port)) == (str(address), port)
    assert parse_origin(f"http://{format_host(str(address), port)}/x").host == str(address)


@given(st.text(max_size=40))
def test_whatever_is_asked_is_a_host_or_a_value_error(text: str) -> None:
    try:
        host = parse_host(text)
    except ValueError:
        return
    assert parse_host(host) == parse_host(format_host(host)) == host
    assert host.isascii() and not set(host) & set("/@?#[] \n")


def test_an_origin_leaves_out_what_goes_without_saying() -> None:
    assert str(parse_origin("HTTPS://Keys.Example.com:443/a?b")) == "https://keys.example.com"
    assert str(parse_origin("http://[FD00::5]:443")) == "http://[fd00::5]:443"
    assert (
        canonical_url("https://bücher.example.:8443/a?b=c#d") == "https://xn--bcher-kva.example:8443/a?b=c#d"
    )
