"""The language of address ranges: what is no range, what allows everyone, and the subset rule against brute force."""

import ipaddress

import pytest
from hypothesis import given

from core.addresses import parse_address
from keys.errors import InvalidCidr
from keys.networks import Network, allows, covers, parse_networks, stored_networks
from tests.keys import laws
from tests.keys.laws import addresses, law

GARBAGE = [
    "localhost",
    "203.0.113",
    "203.0.113.0/33",
    "203.0.113.256",
    "203.0.113.0/-1",
    "0203.0.113.7",
    "3405803781",
    "203.0.113.0-203.0.113.9",
    "203.0.113.*",
    "203.0.113.0/24,198.51.100.0/24",
    "2001:db8::/129",
    "2001:db8:::",
    "fe80::1%eth0",
    "fe80::1%\0",
    "203.0.113.7\0",
    "\uff12\uff10\uff13.0.113.7",
    "203.0.113.0/\uff12\uff14",
]
EVERYONE = [
    ["0.0.0.0/0"],
    ["::/0"],
    ["203.0.113.7/0"],
    ["2001:db8::1/0"],
    ["0.0.0.0/0.0.0.0"],
    ["0.0.0.0/1", "128.0.0.0/1"],
    ["::/1", "8000::/1"],
    ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2"],
    ["203.0.113.7", "0.0.0.0/1", "128.0.0.0/1"],
    ["2001:db8::1", "128.0.0.0/1", "0.0.0.0/1"],
    ["::ffff:0:0/96"],
    ["::ffff:0:0/97", "::ffff:128.0.0.0/97"],
    ["::ffff:203.0.113.7/90"],
    ["::/8"],
]


def parsed(*texts: str) -> list[str]:
    return [str(network) for network in parse_networks(texts)]


@pytest.mark.parametrize("text", GARBAGE)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidCidr):
        parse_networks([text])


@pytest.mark.parametrize("texts", EVERYONE, ids=" ".join)
def test_ranges_that_allow_everyone_are_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidCidr):
        parse_networks(texts)


def test_half_of_all_addresses_may_be_named() -> None:
    assert parsed("0.0.0.0/1", "8000::/1") == ["0.0.0.0/1", "8000::/1"]


def test_a_bare_address_is_a_range_of_one() -> None:
    assert parsed("203.0.113.7", "2001:db8::7") == ["203.0.113.7/32", "2001:db8::7/128"]


def test_host_bits_are_dropped() -> None:
    assert parsed("203.0.113.77/24") == ["203.0.113.0/24"]


def test_space_around_a_range_and_empty_lines_are_dropped() -> None:
    assert parsed(" 203.0.113.0/24\t", "", "  ") == ["203.0.113.0/24"]


def test_no_range_is_no_restriction() -> None:
    assert parsed() == []


def test_a_mapped_range_means_the_range_it_maps() -> None:
    assert parsed("::ffff:203.0.113.0/120", "::ffff:198.51.100.7") == ["198.51.100.7/32", "203.0.113.0/24"]


def test_neighbours_and_ranges_inside_others_are_merged() -> None:
    assert parsed("203.0.113.128/25", "203.0.113.0/25", "203.0.113.7") == ["203.0.113.0/24"]


def test_at_most_a_hundred_ranges_are_taken() -> None:
    with pytest.raises(InvalidCidr):
        parse_networks(f"203.0.{number // 100}.{number % 100 * 2}" for number in range(101))


@pytest.mark.parametrize(
    "address", ["203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7:443", "[2001:db8::7]:443"]
)
def test_an_address_in_a_range_is_allowed(address: str) -> None:
    assert allows(parse_networks(["203.0.113.0/24", "2001:db8::/64"]), parse_address(address))


@pytest.mark.parametrize(
    "address", ["203.0.114.7", "2001:db8:1::7", "::203.0.113.7", "", "unknown", "203.0.113.7, 1"]
)
def test_an_address_outside_every_range_or_none_at_all_is_not_allowed(address: str) -> None:
    assert not allows(parse_networks(["203.0.113.0/24", "2001:db8::/64"]), parse_address(address))


def test_no_ipv4_range_covers_an_ipv6_one() -> None:
    assert not covers(parse_networks(["0.0.0.0/1"]), parse_networks(["::1"]))


@law
@given(laws.ranges, laws.ranges)
def test_a_list_covers_another_just_when_it_holds_every_address_of_it(
    outer: tuple[Network, ...], inner: tuple[Network, ...]
) -> None:
    assert covers(outer, inner) == (addresses(inner) <= addresses(outer))


@law
@given(laws.ranges, laws.ranges)
def test_adding_ranges_to_a_list_covers_both(one: tuple[Network, ...], two: tuple[Network, ...]) -> None:
    both = parse_networks(str(network) for network in (*one, *two))

    assert covers(both, one) and covers(both, two)
    assert addresses(both) == addresses(one) | addresses(two)


@law
@given(laws.ranges, laws.octets)
def test_an_address_is_allowed_just_when_it_is_one_of_the_list(some: tuple[Network, ...], last: int) -> None:
    address = ipaddress.ip_address(f"203.0.113.{last}")

    assert allows(some, address) == (str(address) in addresses(some))


@law
@given(laws.ranges)
def test_a_list_is_stored_and_read_unchanged(some: tuple[Network, ...]) -> None:
    assert stored_networks(map(str, some)) == some
