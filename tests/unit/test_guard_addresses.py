"""Which addresses the guard opens: every network of its tables, at both ends and in the middle."""

import ipaddress
import random

import pytest

from distributor.adapters.http.addresses import Address, Policy, policy
from distributor.adapters.http.blocked import Blocked


def words(text: str) -> list[str]:
    return text.split()


CLOSED_4 = words(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 "
    "192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 "
    "224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
)
CLOSED_6 = words(
    "::/3 4000::/2 8000::/1 2001::/23 2001:db8::/32 2002::/16 3fff::/20 fc00::/7 fe80::/10 "
    "fec0::/10 ff00::/8"
)
NEVER = words(
    "0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32 100.100.100.200/32 "
    "192.0.0.192/32 ::/128 fe80::/10 ff00::/8 fd00:ec2::/32 fd20:ce::/32 fd00:42::42/128"
)
TRUE_IN_IPADDRESS = words(
    "::127.0.0.1 ::ffff:0:127.0.0.1 ::5efe:7f00:1 64:ff9b::7f00:1 64:ff9b:1::1 2002:7f00:1:: "
    "fec0::1 3fff::1 5f00::1 4000::1 224.0.0.1 ff0e::1 192.88.99.1 192.0.0.192 168.63.129.16"
)


def samples(network: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    whole = ipaddress.ip_network(network)
    return [whole[0], whole[whole.num_addresses // 2], whole[-1]]


def refused(address: str | ipaddress.IPv4Address | ipaddress.IPv6Address, with_: Policy) -> str:
    with pytest.raises(Blocked) as caught:
        with_.vet(ipaddress.ip_address(address), 443)
    return caught.value.rule


@pytest.mark.parametrize("network", CLOSED_4)
def test_ipv4_networks_are_closed_also_when_mapped_into_ipv6(network: str) -> None:
    for address in samples(network):
        refused(address, Policy())
        refused(f"::ffff:{address}", Policy())
        refused(f"::ffff:{address}", Policy(nat64=True))
        nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
        refused(nat64, Policy())
        refused(nat64, Policy(nat64=True))


@pytest.mark.parametrize("network", CLOSED_6)
def test_ipv6_networks_are_closed(network: str) -> None:
    for address in samples(network):
        refused(address, Policy())


@pytest.mark.parametrize("address", TRUE_IN_IPADDRESS)
def test_what_ipaddress_calls_global_is_closed(address: str) -> None:
    refused(address, Policy())


def test_a_hundred_public_addresses_are_open() -> None:
    chance = random.Random(7)
    closed = [ipaddress.ip_network(network) for network in CLOSED_4 + CLOSED_6]
    found = 0
    while found < 100:
        ip = ipaddress.IPv4Address(chance.getrandbits(32))
        other = ipaddress.IPv6Address((0b001 << 125) | chance.getrandbits(125))
        for candidate in (ip, other):
            if not any(
                candidate in network for network in closed if network.version == candidate.version
            ):
                assert Policy().vet(candidate, 443) == (Address(candidate, 443), False)
                found += 1


def test_mapped_addresses_are_connected_to_as_ipv4() -> None:
    address, _ = Policy().vet(ipaddress.ip_address("::ffff:9.9.9.9"), 443)
    assert address.sockaddr == ("9.9.9.9", 443)


def test_nat64_opens_public_addresses_only_when_switched_on() -> None:
    embedded = ipaddress.ip_address("64:ff9b::9.9.9.9")
    assert refused(embedded, Policy()) == "network"
    assert Policy(nat64=True).vet(embedded, 443)[0].sockaddr == ("64:ff9b::909:909", 443, 0, 0)


@pytest.mark.parametrize("network", NEVER)
def test_metadata_and_the_like_stay_closed_in_opened_networks(network: str) -> None:
    opened = policy(
        ["169.254.0.0/16", "100.64.0.0/10", "fd00::/8", "192.0.0.0/8", "fe80::/10"],
        frozenset(),
        False,
    )
    for address in samples(network):
        assert refused(address, opened) == "never"


def test_a_private_receiver_in_an_opened_network_is_open() -> None:
    opened = policy(["10.1.0.0/16", "fd00::/8", "100.64.0.0/10"], frozenset(), False)
    for address in ("10.1.2.3", "fd12::1", "100.64.0.1", "::ffff:10.1.2.3"):
        assert opened.vet(ipaddress.ip_address(address), 8080)[1]
    refused("10.2.0.1", opened)


@pytest.mark.parametrize("network", ["0.0.0.0/0", "10.0.0.0/7", "::/0", "fc00::/6"])
def test_too_wide_an_opening_stops_the_start(network: str) -> None:
    with pytest.raises(ValueError, match="wider than"):
        policy([network], frozenset(), False)


def test_the_site_itself_is_closed_even_in_an_opened_network() -> None:
    own = policy(["127.0.0.0/8"], frozenset({("press.example.se", 8000)}), False)
    with pytest.raises(Blocked) as caught:
        own.vet(ipaddress.ip_address("127.0.0.1"), 8000)
    assert caught.value.rule == "own"
    assert own.vet(ipaddress.ip_address("127.0.0.1"), 8001)[1]
