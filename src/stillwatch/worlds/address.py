"""Internet addresses as a provider sees them: homes, carriers, clouds and offices, honestly shared.

All addresses lie in blocks that are never routed (240.0.0.0/4, 2001:db8::/32), so that no world names anyone's line.
"""

from typing import Final

import numpy as np

N_RESIDENTIAL_PREFIXES: Final = 24  # /16 blocks a country: enough that neighbours seldom share a block
N_CARRIER_ADDRESSES: Final = 48  # public addresses of one mobile carrier: each is shared by many subscribers
N_HOSTING_PREFIXES: Final = 40  # /20 blocks of the clouds
N_SERVERLESS: Final = 60  # egress addresses of serverless platforms, shared by unrelated customers
IPV6_SHARE: Final = 0.18  # homes that reach the service over IPv6


def _dotted(number: int) -> str:
    return f"{number >> 24 & 255}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class AddressBook:
    """The address plan of one world: every country has homes and carriers, the clouds belong to all."""

    def __init__(self, rng: np.random.Generator, countries: tuple[str, ...]) -> None:
        blocks = rng.permutation(4096)  # the /16 blocks of 240.0.0.0/4
        cursor = 0
        self._homes: dict[str, np.ndarray] = {}
        self._carriers: dict[str, tuple[str, ...]] = {}
        for country in countries:
            self._homes[country] = blocks[cursor : cursor + N_RESIDENTIAL_PREFIXES]
            carrier = int(blocks[cursor + N_RESIDENTIAL_PREFIXES])
            hosts = rng.choice(1024, N_CARRIER_ADDRESSES, replace=False)  # a carrier's gateway is a few /24 blocks
            self._carriers[country] = tuple(_dotted(0xF0000000 | carrier << 16 | int(host)) for host in hosts)
            cursor += N_RESIDENTIAL_PREFIXES + 1
        self._clouds = blocks[cursor : cursor + N_HOSTING_PREFIXES]
        cursor += N_HOSTING_PREFIXES
        self._offices = blocks[cursor : cursor + N_HOSTING_PREFIXES]
        egress = int(blocks[cursor + N_HOSTING_PREFIXES])
        self._serverless = tuple(
            _dotted(0xF0000000 | egress << 16 | int(host)) for host in rng.choice(4096, N_SERVERLESS, replace=False)
        )

    def draw(self, rng: np.random.Generator, kind: str, country: str) -> str:
        """Return an address of a kind: residential, mobile, hosting, serverless or corporate."""
        if kind == "mobile":
            pool = self._carriers.get(country) or next(iter(self._carriers.values()))
            return pool[int(rng.integers(len(pool)))]
        if kind == "serverless":
            return self._serverless[int(rng.integers(N_SERVERLESS) * rng.random())]  # popular regions carry more
        if kind == "residential":
            prefixes = self._homes.get(country)
            if prefixes is None:
                prefixes = next(iter(self._homes.values()))
            if rng.random() < IPV6_SHARE:
                return f"2001:db8:{int(prefixes[rng.integers(len(prefixes))]):x}:{int(rng.integers(1, 65536)):x}::1"
        else:
            prefixes = self._offices if kind == "corporate" else self._clouds
        prefix = int(prefixes[rng.integers(len(prefixes))])
        return _dotted(0xF0000000 | prefix << 16 | int(rng.integers(1, 65535)))
