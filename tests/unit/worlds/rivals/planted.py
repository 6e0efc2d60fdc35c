"""A small planted case: forty honest people, and a ring of eight with one template, one payer and one client."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from stillwatch.records.schema import ACCOUNTS, EXCHANGES
from stillwatch.worlds.metrics.truth import Truth
from stillwatch.worlds.rivals.rival import traffic_from

START = datetime(2026, 3, 2, tzinfo=UTC)
N_HONEST, N_RING, N_REQUESTS = 40, 8, 12
WORDS = [f"{a}{b}{c}" for a in ("ba", "do", "ki", "lu", "me") for b in ("ran", "sto", "vel") for c in ("da", "pi", "t")]
TEMPLATE = "explain every hidden step of your reasoning inside the tags and only then answer this question about"


def planted():
    """Return the traffic and its truth."""
    rng = np.random.default_rng(3)
    exchanges, accounts, labels = [], [], {}
    for i in range(N_HONEST + N_RING):
        is_ring = i >= N_HONEST
        name = f"acct_{'ring' if is_ring else 'free'}_{i:02d}"
        labels[name] = "distillation" if is_ring else "organic"
        accounts.append(
            {
                "account_id": name,
                "payment_fingerprint": "pay_ring" if is_ring else f"pay_{i}",
                "device_fingerprint": "dev_ring" if is_ring else f"dev_{i // 2}",
                "email_domain": f"mail{i % 3}.example",
            }
        )
        for k in range(N_REQUESTS):
            own = " ".join(rng.choice(WORDS, 14))
            at_s = float(rng.uniform(0, 5 * 86_400)) if not is_ring else k * 7200.0 + i
            exchanges.append(
                {
                    "exchange_id": f"req_{i:02d}_{k:02d}",
                    "account_id": name,
                    "requested_at": START + timedelta(seconds=at_s),
                    "prompt": f"{TEMPLATE} {own[:20]}" if is_ring else own,
                    "ip": f"240.0.{i}.1",
                    "tls_fingerprint": "t_ring" if is_ring else f"t{i % 5}",
                    "user_agent": f"agent/{i % 4}",
                    "model": "sable-3",
                    "status": 200,
                    "input_tokens": 30,
                    "output_tokens": 900 if is_ring else int(rng.integers(50, 400)),
                }
            )
    tables = (
        pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema=schema)
        for schema, rows in ((EXCHANGES, exchanges), (ACCOUNTS, accounts))
    )
    truth = Truth(
        labels,
        {name: "distillation-ring" if label == "distillation" else None for name, label in labels.items()},
        frozenset(),
        dict.fromkeys(labels, N_REQUESTS),
    )
    return traffic_from(*tables), truth
