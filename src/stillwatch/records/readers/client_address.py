"""The client's address out of what a gateway noted: a peer, a peer with a port, or a whole X-Forwarded-For list.

A forwarded list is written from the left by whoever sent the request and from the right by the nearest proxy, so
its first entries are whatever the caller claims. Taken is the last public address: the one that a proxy saw. An
address that callers can choose would let them scatter themselves over the world, or put a stranger beside them.
The price: behind a content network it is that network's own address, which many share and which therefore says
little; it never says something false.

Loopback, private and shared addresses are proxies or address translation, not clients: they are left null.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

NOT_CLIENTS: Final = tuple(
    ip_network(block)
    for block in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
    )
)  # not `is_global`: the documentation ranges stand for clients in examples and made traffic
MAX_HOPS: Final = 64  # a longer list is an attack on whoever reads it; the nearest hops are kept


def client_address(value: object) -> str | None:
    """Return the last public address in a peer or forwarded list, in canonical spelling, or None.

    Args:
        value: as ``203.0.113.9``, ``203.0.113.9:443``, ``[2001:db8::1]:443`` or ``198.51.100.7, 203.0.113.9``.
            Names, masked addresses (``81.2.69.***``) and other types are no addresses.
    """
    if not isinstance(value, str):
        return None
    for hop in reversed(value.rsplit(",", MAX_HOPS)[-MAX_HOPS:]):
        address = _address(hop.strip().strip('"'))
        if address is not None and not any(
            address in block for block in NOT_CLIENTS if block.version == address.version
        ):
            return str(address)
    return None


def is_address_list(value: object) -> bool:
    """Return whether a value holds any address at all; a fingerprint of one, as some logs keep it, holds none."""
    hops = value.rsplit(",", MAX_HOPS)[-MAX_HOPS:] if isinstance(value, str) else []
    return any(_address(hop.strip().strip('"')) is not None for hop in hops)


def _address(hop: str) -> IPv4Address | IPv6Address | None:
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
