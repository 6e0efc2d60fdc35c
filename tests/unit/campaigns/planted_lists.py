"""Work lists dealt out to a pool, and strangers who send alike items for reasons of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from planted_traffic import Planted, planted

from stillwatch.links.handover import HandOvers, Succession, hand_overs, successions
from stillwatch.sketches.schema import TOPIC_DIMENSIONS

HOURS = 240.0  # length of the planted logs
P_FAIL = 0.12  # of requests
OK, LIMITED = 200, 429


@dataclass
class Traffic:
    """Exchanges as they are planted.

    Args:
        seed: of everything.
        rows: the exchanges so far.
    """

    seed: int = 0
    rows: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the generator, and a subject for the list."""
        self.rng = np.random.default_rng(self.seed)
        self.subject = self.rng.normal(0, 30, TOPIC_DIMENSIONS)
        self.n_items = 0

    def item(self) -> int:
        """Return the prompt hash of a new item."""
        self.n_items += 1
        return self.n_items

    def topic(self, subject: np.ndarray | None = None) -> list[int]:
        """Return the topic of one prompt: near a subject, or anything."""
        centre = np.zeros(TOPIC_DIMENSIONS) if subject is None else subject
        spread = 30 if subject is None else 12
        return np.clip(centre + self.rng.normal(0, spread, TOPIC_DIMENSIONS), -127, 127).astype(int).tolist()

    def send(
        self, account: str, item: int, hours: float, *, status: int = OK, subject: np.ndarray | None = None
    ) -> None:
        """Plant one request."""
        topic = self.topic(subject)
        self.rows.append({"account": account, "prompt_hash": item, "hours": hours, "status": status, "topic": topic})

    def fails(self) -> bool:
        """Return whether a request fails by chance."""
        return bool(self.rng.random() < P_FAIL)

    def pool(self, n_accounts: int = 16, n_items: int = 640, prefix: str = "p", *, resends_own: bool = False) -> None:
        """Deal a list out to a pool: what fails is sent by another account within minutes.

        Args:
            n_accounts: accounts of the pool.
            n_items: items of the list.
            prefix: of the accounts' names.
            resends_own: the same account tries again instead.
        """
        for _ in range(n_items):
            item, hours = self.item(), float(self.rng.uniform(0, HOURS - 10))
            account = int(self.rng.integers(n_accounts))
            while True:
                is_failure = self.fails()
                status = LIMITED if is_failure else OK
                self.send(f"{prefix}{account:02d}", item, hours, status=status, subject=self.subject)
                if not is_failure:
                    break
                hours += float(self.rng.uniform(0.01, 0.25))
                account = (
                    account if resends_own else (account + 1 + int(self.rng.integers(n_accounts - 1))) % n_accounts
                )

    def strangers(self, n: int = 120, prefix: str = "o", subject: np.ndarray | None = None) -> None:
        """Plant people who send prompts of their own, and some of whom try again what failed."""
        for account in range(n):
            for _ in range(int(self.rng.integers(8, 40))):
                item, hours = self.item(), float(self.rng.uniform(0, HOURS))
                name, is_failure = f"{prefix}{account:03d}", self.fails()
                self.send(name, item, hours, status=LIMITED if is_failure else OK, subject=subject)
                if is_failure and self.rng.random() < 0.5:
                    self.send(name, item, hours + float(self.rng.exponential(0.05)), subject=subject)

    def classroom(self, n_students: int = 25, n_items: int = 30, prefix: str = "s") -> None:
        """Plant a class that works on the same items in the same hours, and tries again what failed."""
        for _ in range(n_items):
            item, start = self.item(), float(self.rng.uniform(0, HOURS - 2))
            for student in range(n_students):
                hours, name = start + float(self.rng.uniform(0, 1)), f"{prefix}{student:03d}"
                is_failure = self.fails()
                self.send(name, item, hours, status=LIMITED if is_failure else OK)
                if is_failure and self.rng.random() < 0.7:
                    self.send(name, item, hours + float(self.rng.exponential(0.02)))

    def viral(self, n_prompts: int = 30, n_people: int = 80, prefix: str = "v") -> None:
        """Plant prompts that go round: each is sent by many within a day or two, most of them at first."""
        for _ in range(n_prompts):
            item, start = self.item(), float(self.rng.uniform(0, HOURS - 48))
            for person in self.rng.choice(n_people * 3, n_people, replace=False).tolist():
                hours = start + min(float(self.rng.exponential(10)), 47.0)
                self.send(f"{prefix}{person:03d}", item, hours, status=LIMITED if self.fails() else OK)

    def outage(self, start: float, end: float) -> None:
        """Let every request between two hours fail."""
        for row in self.rows:
            if start <= row["hours"] < end:
                row["status"] = 529

    def made(self) -> Planted:
        """Return the population."""
        return planted(self.rows)


def handed(made: Planted) -> tuple[Succession, HandOvers]:
    """Return the successions of a population, and the hand-overs among them."""
    found = successions(made.population, made.entities)
    return found, hand_overs(found)


def accounts_of(made: Planted, rows: np.ndarray) -> Iterator[str]:
    """Yield the account of each row."""
    return (made.population.accounts.names[a] for a in made.population.exchanges.account[rows].tolist())
