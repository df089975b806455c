"""Which addresses a webhook may go to: every spelling of an inside one is refused."""

import ipaddress
import socket

import pytest

from config.backoffice.outbox import addresses

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
PRIVATE = [
    "127.0.0.1",
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "localhost",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_inside_addresses_are_refused_in_every_spelling(host):
    with pytest.raises(addresses.Forbidden, match=r"not a public address|has no address"):
        addresses.choose(addresses.read(f"https://{host}/hook"), [])


@pytest.mark.parametrize("host", ["93.184.216.34", "[2606:2800:220:1:248:1893:25c8:1946]", "[64:ff9b::5db8:d822]"])
def test_public_ones_are_not(host):
    parts = addresses.read(f"https://{host}/hook")
    assert addresses.choose(parts, []) == ipaddress.ip_address(host.strip("[]"))


def test_http_is_for_named_networks_only():
    with pytest.raises(addresses.Forbidden, match="use https"):
        addresses.choose(addresses.read("http://93.184.216.34/"), [])
    assert str(addresses.choose(addresses.read("http://127.0.0.1/"), LOOPBACK)) == "127.0.0.1"


def test_one_inside_address_among_several_is_enough(monkeypatch):
    answers = [(socket.AF_INET, 1, 6, "", ("93.184.216.34", 443)), (socket.AF_INET, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(addresses.Forbidden, match=r"is 10\.0\.0\.1"):
        addresses.choose(addresses.read("https://two.example/"), [])
