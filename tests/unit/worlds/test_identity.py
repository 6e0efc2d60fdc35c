"""Identities: what is shared, what is missing, what stays apart."""

from collections import Counter
from ipaddress import ip_address, ip_network

import numpy as np
from small_ground import make_ground

from stillwatch.worlds.account import DAY_S
from stillwatch.worlds.client import ja4

PEOPLE = [make_ground().identities.person(rng) for rng in map(np.random.default_rng, range(1500))]


def test_ids_are_unique_and_opaque() -> None:
    """No two accounts share an id, and an id holds nothing but digits after its prefix."""
    ids = [spec.account_id for spec in PEOPLE]
    assert len(set(ids)) == len(ids)
    assert {len(i) for i in ids} == {len("acct_") + 18}
    assert all(set(i[5:]) <= set("0123456789abcdef") for i in ids)


def test_honest_people_share_some_things() -> None:
    """Families, libraries and carriers share cards, devices and addresses; most people share none."""
    for field in ("payment_fingerprint", "device_fingerprint"):
        seen = Counter(value for spec in PEOPLE if (value := getattr(spec, field)))
        shared = sum(n for n in seen.values() if n > 1)
        assert 0 < shared < 0.2 * sum(seen.values())
    addresses = Counter(address for spec in PEOPLE for address in set(spec.addresses))
    assert max(addresses.values()) >= 3


def test_gaps_are_ordinary() -> None:
    """Missing phones and devices, virtual cards and disposable mail occur among honest people."""
    assert 0.2 < np.mean([spec.phone_fingerprint is None for spec in PEOPLE]) < 0.5
    assert 0.15 < np.mean([spec.device_fingerprint is None for spec in PEOPLE]) < 0.45
    assert 0.05 < np.mean([spec.payment_kind == "virtual_card" for spec in PEOPLE]) < 0.25
    disposable = set(make_ground().texts.disposable_domains)
    assert 0 < np.mean([spec.email_domain in disposable for spec in PEOPLE]) < 0.06


def test_sign_ups_spread_over_months() -> None:
    """People sign up over ten months, more of them lately, none so late that nothing can be seen of them."""
    created = np.asarray([spec.created_s for spec in PEOPLE])
    assert created.min() < -250 * DAY_S
    assert created.max() < 0.7 * make_ground().window.seconds
    assert np.mean(created > -150 * DAY_S) > 0.6


def test_no_address_belongs_to_anyone() -> None:
    """Every address lies in a block that is never routed."""
    nets = [ip_network("240.0.0.0/4"), ip_network("2001:db8::/32")]
    for spec in PEOPLE[:300]:
        assert all(any(ip_address(a) in net for net in nets) for a in spec.addresses)


def test_a_fingerprint_follows_the_client() -> None:
    """One library build has one TLS fingerprint, whoever runs it; another build has another."""
    assert ja4("openai-python", 1, "api") == ja4("openai-python", 1, "api") != ja4("openai-python", 2, "api")
    seen = Counter(client.tls_fingerprint for spec in PEOPLE for client in spec.clients)
    assert max(seen.values()) > 50


def test_staff_share_one_payer_and_few_addresses() -> None:
    """Colleagues have one organisation, one payer, one mail domain and few addresses, and sign up apart."""
    staff = make_ground().identities.staff(np.random.default_rng(5), 30)
    for field in ("organisation_id", "payment_fingerprint", "email_domain"):
        assert len({getattr(spec, field) for spec in staff}) == 1
    assert len({a for spec in staff for a in spec.addresses}) <= 6
    assert len({spec.created_s for spec in staff}) > 5


def test_known_fields_are_kept() -> None:
    """A caller's own values override what would be drawn."""
    spec = make_ground().identities.person(np.random.default_rng(1), platform="bedrock", plan="max", role="probe")
    assert (spec.clients[0].platform, spec.plan, spec.role) == ("bedrock", "max", "probe")
