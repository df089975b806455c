"""Which addresses a webhook may go to: public ones, and networks that the operator has named.

A name is resolved first and the connection goes to the address that was checked: a second look-up could answer
something else.
"""

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PORTS = {"http": 80, "https": 443}
# Prefixes of IPv6 that carry an address of IPv4 in their last 32 bits.
NAT64 = ipaddress.ip_network("64:ff9b::/96")
COMPATIBLE = ipaddress.ip_network("::/96")
LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")


class Forbidden(ValueError):
    """The address may not be called; the message says why."""


def read(url: str) -> SplitResult:
    """The parts of a webhook's address. Raises Forbidden with what to change."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise Forbidden(f"“{url}” is not an address: {error}.") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise Forbidden("The address has to begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("The address may not hold a name and password; the signature says who sends.")
    if port == 0 or any(each <= " " or each == "\x7f" for each in url.strip()):
        raise Forbidden("The address holds characters or a port that no address has.")
    return parts


def resolve(parts: SplitResult) -> list[IPAddress]:
    """Every address of the host, each once, in the order of the resolver. Raises Forbidden when there is none."""
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Forbidden(f"The host {parts.hostname} has no address: {error}.") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found))


def choose(parts: SplitResult, allowed: Sequence[Network]) -> IPAddress:
    """The address to connect to. Raises Forbidden when any address of the host is inside of a network."""
    found = resolve(parts)
    for address in found:
        if is_in(address, allowed):
            continue
        if not is_public(address):
            raise Forbidden(f"{parts.hostname} is {address}, which is not a public address.")
        if parts.scheme != "https":
            raise Forbidden("Plain http is only for networks in WEBHOOK_ALLOWED_NETWORKS; use https.")
    return found[0]


def is_in(address: IPAddress, networks: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in networks)


def is_public(address: IPAddress) -> bool:
    """Whether anybody on the internet could be meant; addresses inside of addresses are looked at too."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in LOCAL_NAT64 or address.is_site_local:
            return False
        if inner := carried(address):
            return all(is_public(each) for each in inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def carried(address: ipaddress.IPv6Address) -> list[IPAddress]:
    """Addresses of IPv4 that an address of IPv6 stands for."""
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if address in NAT64 or address in COMPATIBLE:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return []
