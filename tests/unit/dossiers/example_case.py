"""A realistic example case: three accusations, a relay, a classroom, an application and an authorised customer.

Everything is drawn from one seeded generator, so the same call gives the same case.
"""

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stillwatch.dossiers.case import (
    SCHEMA_NAME,
    Campaign,
    CapabilityShare,
    Case,
    Evidence,
    Funnel,
    GroupTest,
    Hypothesis,
    Indicator,
    Infrastructure,
    Lapsed,
    MissingEvidence,
    PairLink,
    SharedValue,
    TemplateFamily,
)
from stillwatch.dossiers.drawn import Edge, Graph, Node, Release, Timeline

START = datetime(2026, 7, 1, tzinfo=UTC)
N_DAYS = 45
STEPS = N_DAYS * 4  # six hours a step

AGENTS = [
    "openai-python/1.99.1",
    "python-httpx/0.28.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36",
]
TLS_FINGERPRINTS = ["t13d1516h2_8daaf6152771_02713d6af862", "t13d1517h2_8daaf6152771_b0da82dd1658"]

TITLES = {
    "distillation": "Distillation",
    "relay": "Relay or reseller",
    "evaluation_harness": "Evaluation harness",
    "labelling_pipeline": "Labelling or grading pipeline",
    "application": "Application with one prompt",
    "public_tool": "Public tool",
    "enterprise": "Enterprise",
    "classroom": "Classroom",
    "continuous_integration": "Continuous integration",
    "stolen_keys": "Stolen keys",
    "authorised_customer": "Authorised customer",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What one example group is like."""

    name: str
    n_accounts: int
    exchanges: int
    p_leading: float
    q_value: float
    first_day: int
    last_day: int
    own_share: float  # of its members' traffic
    is_diurnal: bool


PLANS = (
    Plan("distillation", 2840, 3_412_876, 0.9991, 4.1e-6, 6, 42, 0.18, False),
    Plan("distillation", 273, 611_302, 0.9934, 7.9e-5, 20, 37, 0.06, False),
    Plan("distillation", 64, 21_407, 0.9412, 0.0043, 11, 44, 0.44, True),
    Plan("relay", 412, 188_214, 0.912, 0.0009, 0, 44, 0.71, True),
    Plan("application", 118, 96_031, 0.871, 0.0031, 3, 44, 0.35, True),
    Plan("classroom", 31, 2_904, 0.832, 0.0182, 14, 40, 0.2, True),
    Plan("authorised_customer", 24, 402_118, 0.998, 2.2e-5, 2, 44, 0.1, False),
)

_EVIDENCE = (
    ("dealt_work_list", "One work list dealt out", "work_list", 11.2,
     "Of 18,204 slot values, 97.3% were sent by one account only, in 14 runs that continue across accounts.",
     "A pool that harvests splits one list over its accounts; strangers overlap, and a benchmark is replicated.",
     ("prompt",)),
    ("shared_template", "Rare phrase shared", "content", 8.6,
     "86% of members used 3 phrases that 0.002% of the accounts at large use.",
     "Accounts that fill the same rare template are run from one script.", ("prompt", "system_prompt")),
    ("reasoning_cue", "Asks for hidden reasoning", "content", 4.1,
     "71% of the exchanges ask for reasoning inside tags, against 2.1% in matched controls.",
     "Reasoning traces are the usual training target.", ("prompt",)),
    ("shared_rhythm", "One daily rhythm", "rhythm", 3.4,
     "Members go silent and resume within the same 15 minutes on 19 of 21 occasions.",
     "One scheduler switches all accounts on and off.", ("requested_at",)),
    ("shared_payment", "Payment shared", "identity", 6.3,
     "41 payment fingerprints serve 212 accounts.", "Undeclared accounts with one payer belong together.",
     ("payment_fingerprint",)),
    ("pivot_to_release", "Moved to a new model in a day", "rhythm", 2.2,
     "48% of the traffic moved to the new model within 24 hours; 9% at large.",
     "A harvest wants the strongest teacher at once.", ("model",)),
    ("no_ramp", "No ramp-up", "volume", 1.4, "Median time from sign-up to full load is 41 minutes.",
     "People try before they automate.", ("created_at",)),
    ("conversation_turns", "Has conversations", "volume", -1.9,
     "12% of the slice's exchanges belong to conversations of three turns or more.",
     "A harvest of single answers has few long conversations.", ("conversation_id", "turn")),
    ("own_traffic", "Members do other things", "volume", -2.6, "18% of the members' traffic is unlike the slice.",
     "Dedicated harvest accounts rarely do anything else.", ("prompt",)),
)  # fmt: skip


def _evidence(rng: random.Random, scale: float) -> tuple[Evidence, ...]:
    rows = [
        Evidence(name, title, channel, round(bits * scale * rng.uniform(0.6, 1.25), 3), seen, because, needs)
        for name, title, channel, bits, seen, because, needs in _EVIDENCE
    ]
    return tuple(sorted(rows, key=lambda row: -abs(row.bits)))


def _hypotheses(rng: random.Random, plan: Plan) -> tuple[Hypothesis, ...]:
    rest = 1.0 - plan.p_leading
    others = [name for name in TITLES if name != plan.name]
    rng.shuffle(others)
    found = [Hypothesis(plan.name, TITLES[plan.name], plan.p_leading, 21.4, _evidence(rng, 1.0))]
    for name in others:
        rest *= 0.35
        found.append(Hypothesis(name, TITLES[name], rest, rng.uniform(-20, 4), _evidence(rng, rng.uniform(-1.1, 0.5))))
    return tuple(sorted(found, key=lambda hypothesis: -hypothesis.posterior))


def _indicators(rng: random.Random, plan: Plan) -> tuple[Indicator, ...]:
    guilt = 1.0 if plan.name == "distillation" else 0.45
    rows = (
        ("around_the_clock", "Use around the clock without idle periods", "AA26-251A", 0.81 * guilt, 0.07,
         "share of accounts", "Batch jobs and agents of one company also run at night."),
        ("identical_prompts", "Identical system prompts", "AA26-251A", 0.86 * guilt, 0.04, "share of exchanges",
         "Any application with a fixed prompt sends identical text."),
        ("many_addresses", "One account from many addresses or clients", "AA26-251A", 14.2 * guilt, 2.1,
         "addresses an account", "Mobile users and cloud functions change address often."),
        ("no_ramp", "New subscription at maximum usage at once", "AA26-251A", 41 / guilt, 2900.0,
         "minutes to full load", "A customer who moves from another account has no ramp either."),
        ("usage_ratio", "Anomalous subscription-to-usage ratio", "AA26-251A", 38.0 * guilt, 1.2,
         "times the plan's price", "Flat plans always have a few heavy users."),
        ("retarget", "Day-one retargeting to a new model", "AA26-251A", 0.48 * guilt, 0.09, "share of exchanges",
         "Gateways that alias 'latest' move by themselves."),
        ("shared_payment", "Pooling with shared payment", "AA26-251A", None, None, "share of accounts",
         "Families and small companies share a card."),
    )  # fmt: skip
    return tuple(
        Indicator(name, title, source, value, comparison, unit,
                  "Not computed." if value is None else f"Seen in {rng.randint(3, 40)} of every 50 members.", innocent)
        for name, title, source, value, comparison, unit, innocent in rows
    )  # fmt: skip


def _tests(rng: random.Random, plan: Plan) -> tuple[GroupTest, ...]:
    rows = (
        ("shared_identity", "members' identity columns shuffled among accounts of the same plan and week", False),
        ("common_rhythm", "activity shifted by whole days within each account", False),
        ("shared_infrastructure", "addresses drawn anew from accounts of the same platform", False),
        ("common_templates", "phrases permuted over exchanges of the same capability", True),
    )
    tests = []
    for name, null, is_selection in rows:
        mean = rng.uniform(0.02, 0.08)
        statistic = mean + rng.uniform(0.01, 0.5) * (1 if plan.name == "distillation" else 0.6)
        tests.append(
            GroupTest(name, null, statistic, mean, mean * 1.9, max(1 / 10_000, rng.random() ** 9), 9_999, is_selection)
        )
    return tuple(tests)


def _timeline(rng: random.Random, plan: Plan) -> Timeline:
    extraction, own, active, sign_ups, bans = [], [], [], [], []
    per_step = plan.exchanges / max(1, (plan.last_day - plan.first_day) * 4)
    for step in range(STEPS):
        day, hour = step / 4, (step % 4) * 6
        is_on = plan.first_day <= day <= plan.last_day
        diurnal = 1.0 + (0.75 * math.sin((hour - 6) / 24 * 2 * math.pi) if plan.is_diurnal else 0.05 * rng.random())
        dip = 0.08 if plan.name == "distillation" and int(day) in (17, 18) else 1.0
        load = per_step * diurnal * dip * rng.uniform(0.8, 1.15) if is_on else 0
        extraction.append(int(load))
        own.append(
            int(per_step * plan.own_share * (1 + 0.8 * math.sin((hour - 6) / 24 * 2 * math.pi)) * rng.uniform(0.5, 1.4))
        )
        active.append(min(plan.n_accounts, int(plan.n_accounts * 0.6 * diurnal * dip)) if is_on else 0)
        wave = abs(day - plan.first_day) < 1.5 or (plan.name == "distillation" and abs(day - 19) < 1)
        sign_ups.append(int(plan.n_accounts / 16 * rng.random()) if wave else 0)
        bans.append(int(plan.n_accounts / 3) if plan.name == "distillation" and step == 17 * 4 + 1 else 0)
    weights = [
        (1 + 0.9 * math.sin(((h % 24) - 8) / 24 * 2 * math.pi)) * (0.35 if h >= 120 else 1)
        if plan.is_diurnal
        else rng.uniform(0.85, 1.1)
        for h in range(168)
    ]
    hours = tuple(int(plan.exchanges * weight / sum(weights)) for weight in weights)
    releases = (
        Release("model-large-5", START + timedelta(days=19, hours=17), 0.48 if plan.name == "distillation" else 0.09),
        Release("model-fast-5", START + timedelta(days=33, hours=16), 0.11),
    )
    return Timeline(
        START, 6 * 3600, tuple(extraction), tuple(own), tuple(active), tuple(sign_ups), tuple(bans), hours, releases
    )


def _graph(rng: random.Random, accounts: tuple[str, ...], n_accounts: int) -> Graph:
    n = min(300, len(accounts))
    n_cores = max(1, min(6, n // 30))
    centres = [
        (0.5 + 0.34 * math.cos(2 * math.pi * k / n_cores), 0.5 + 0.34 * math.sin(2 * math.pi * k / n_cores))
        for k in range(n_cores)
    ]
    nodes, edges = [], []
    for i, account in enumerate(accounts[:n]):
        x, y = centres[i % n_cores] if n_cores > 1 else (0.5, 0.5)
        spread = 0.06 if n_cores > 1 else 0.18
        x, y = (min(1.0, max(0.0, v + rng.gauss(0, spread))) for v in (x, y))
        nodes.append(Node(account, x, y, max(0.2, 1 - abs(rng.gauss(0, 0.12)))))
        for _ in range(rng.randint(1, 4)):
            other = rng.randrange(n)
            near = (other // n_cores * n_cores + i % n_cores) % n if rng.random() < 0.93 else other
            if near != i:
                edges.append(Edge(i, near, rng.uniform(2, 16)))
    return Graph(tuple(nodes), tuple(edges), max(0, n_accounts - n))


def _pair(rng: random.Random, a: str, b: str) -> PairLink:
    comparisons = tuple(row for row in _evidence(rng, 0.8) if row.name != "own_traffic")
    prior = -12.0
    return PairLink(a, b, prior, prior + sum(row.bits for row in comparisons), comparisons)


def _infrastructure(rng: random.Random, n: int) -> tuple[Infrastructure, ...]:
    def top(values: list[str]) -> tuple[SharedValue, ...]:
        counts = sorted((max(2, int(n * rng.random() ** 2)) for _ in values), reverse=True)
        return tuple(
            SharedValue(value, k, rng.choice((0, 0, 1, 3, 240))) for value, k in zip(values, counts, strict=True)
        )

    payers = [f"pay_{rng.getrandbits(48):012x}" for _ in range(4)]
    return (
        Infrastructure("ip", n * 7, int(n * 0.9), top([f"203.0.113.{rng.randint(1, 254)}" for _ in range(5)])),
        Infrastructure("user_agent", 4, n, top(AGENTS)),
        Infrastructure("tls_fingerprint", 3, n, top(TLS_FINGERPRINTS)),
        Infrastructure("payment_fingerprint", max(1, n // 6), n // 2, top(payers)),
    )  # fmt: skip


def _family(rng: random.Random, kind: str, rank: int, plan: Plan) -> TemplateFamily:
    n_accounts = max(2, plan.n_accounts // rank)
    n_exchanges = plan.exchanges // (rank + 1)
    return TemplateFamily(f"f-{rng.getrandbits(32):08x}", kind, n_accounts, n_exchanges, rank * 3 - 3, 10.1 - rank)


def make_campaign(index: int, plan: Plan, *, n_listed: int | None = None) -> Campaign:
    """Return one group after its plan; ``n_listed`` accounts are named, all of them by default."""
    rng = random.Random(f"{index}-{plan.name}")
    n_named = min(plan.n_accounts, n_listed or plan.n_accounts)
    accounts = tuple(f"acct_{rng.getrandbits(40):010x}" for _ in range(n_named))
    capabilities = {"code": (0.44, 0.31), "agentic": (0.31, 0.12), "maths": (0.12, 0.05), "science": (0.06, 0.04),
                    "grading": (0.04, 0.01), "writing": (0.02, 0.2), "conversation": (0.01, 0.27)}  # fmt: skip
    weighed = _evidence(rng, 1.0)
    return Campaign(
        id=f"c-{rng.getrandbits(32):08x}",
        leading_hypothesis=plan.name,
        is_accusation=plan.name == "distillation",
        p_leading=plan.p_leading,
        p_value=plan.q_value / 9,
        q_value=plan.q_value,
        accounts=accounts,
        n_accounts=plan.n_accounts,
        n_entities=int(plan.n_accounts * 0.98) or 1,
        exchanges=plan.exchanges,
        attempts=int(plan.exchanges * 1.04),
        first_seen_at=START + timedelta(days=plan.first_day, hours=3),
        last_seen_at=START + timedelta(days=plan.last_day, hours=21),
        summary=f"{plan.n_accounts:,} accounts sent {plan.exchanges:,} exchanges that fill 3 rare templates "
        "over one work list. They share payment and clients, and pause and resume together.",
        hypotheses=_hypotheses(rng, plan),
        indicators=_indicators(rng, plan),
        tests=_tests(rng, plan),
        evidence=tuple(row for row in weighed if row.bits > 0),
        evidence_against=tuple(row for row in weighed if row.bits < 0),
        counter_evidence=(
            "12% of the slice's exchanges belong to long conversations, which a harvest does not need.",
            "Two of the three phrases also occur in a public repository; a shared tool may explain them in part.",
            f"{plan.own_share:.0%} of the members' traffic is unlike the slice.",
        ),
        capability_shares=tuple(CapabilityShare(name, *shares) for name, shares in capabilities.items()),
        template_families=tuple(
            _family(rng, kind, k, plan)
            for k, kind in enumerate(("phrase", "work_list", "system_prompt", "tool_set"), 1)
        ),
        infrastructure=_infrastructure(rng, plan.n_accounts),
        pairs=tuple(_pair(rng, accounts[k], accounts[k + 1]) for k in range(min(3, len(accounts) - 1))),
        timeline=_timeline(rng, plan),
        graph=_graph(rng, accounts, plan.n_accounts),
        missing=(MissingEvidence("device", "Device shared", ("device_fingerprint",)),),
    )  # fmt: skip


def make_case(plans: tuple[Plan, ...] = PLANS, *, n_listed: int | None = None) -> Case:
    """Return the example case, or one after other plans."""
    campaigns = tuple(make_campaign(i, plan, n_listed=n_listed) for i, plan in enumerate(plans))
    accused = [campaign for campaign in campaigns if campaign.is_accusation]
    used = 18_402_331
    return Case(
        schema=SCHEMA_NAME,
        stillwatch_version="0.1.0",
        weights="stillwatch-2026.1",
        key_id="k-5d1f09c2",
        first_seen_at=START,
        last_seen_at=START + timedelta(days=N_DAYS, seconds=-1),
        q_level=0.01,
        funnel=Funnel(
            read=used + 1_204 + 8_816,
            used=used,
            quarantined=1_204,
            out_of_scope=8_816,
            quarantined_by_reason=(("not UTF-8", 702), ("no account", 418), ("time is not UTC", 84)),
            out_of_scope_by_reason=(("embeddings", 8_112), ("health check", 704)),
            accounts=61_240,
            entities=58_017,
            authorised_accounts=31,
            families=2_114,
            candidate_groups=96,
            tested_groups=41,
            campaigns=len(campaigns),
            accusations=len(accused),
            accused_accounts=sum(campaign.n_accounts for campaign in accused),
        ),
        campaigns=campaigns,
        lapsed=(Lapsed("acct_lapsed_0031", "AUTH-2026-014", START + timedelta(days=9), 4_120),),
        missing=(
            MissingEvidence("device", "Device shared", ("device_fingerprint",)),
            MissingEvidence("referral", "Referral chain", ("referrer_id",)),
        ),
    )
