"""Accounts and exchanges of a second world: texts of installed Python files, people with subjects and hours."""

import hashlib
import json
import random
import re
import sysconfig
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.records import schema

START: Final = datetime(2026, 9, 1, tzinfo=UTC)
DAYS: Final = 21
N_DOCUMENTS: Final = 1_500
SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
MODELS: Final = ("nova-2", "nova-2-mini", "orion-1")
DOMAINS: Final = ("gmail.com", "outlook.com", "proton.me", "qq.com", "yahoo.com", "gmx.de", "icloud.com")
CLIENTS: Final = (
    "python-requests/2.32",
    "openai-python/1.40",
    "Mozilla/5.0 Chrome/126",
    "Mozilla/5.0 Safari/605",
    "curl/8.5",
)
REQUESTS: Final = (
    *("Can you explain this: {}", "{} what does it mean?", "Summarise please. {}", "hey, {} any idea?", "Why? {}"),
    *("{}", "rewrite in simpler words: {}", "I am stuck. {} How do I go on?", "translate: {}"),
    *("Give me an example of: {}", "tl;dr {}", "fix this: {}", "is it right? {}", "write an email: {}", "table: {}"),
)  # fmt: skip


def documents(draw: random.Random) -> list[list[str]]:
    """Return the sentences of some installed Python files, no sentence twice."""
    roots = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]
    files = sorted(file for root in roots for file in root.rglob("*.py") if 3_000 < file.stat().st_size < 400_000)
    draw.shuffle(files)
    seen: set[str] = set()
    found: list[list[str]] = []
    for file in files:
        parts = SENTENCE_END.split(file.read_text(encoding="utf-8", errors="ignore"))
        sentences = []
        for part in parts:
            text = re.sub(r"\s+", " ", part).strip().replace("{", "(").replace("}", ")")
            letters = sum(c.isalpha() or c == " " for c in text)
            if 40 < len(text) < 300 and text.count(" ") > 5 and letters > 0.8 * len(text) and text not in seen:
                seen.add(text)
                sentences.append(text)
        if len(sentences) >= 12:
            found.append(sentences[:400])
        if len(found) == N_DOCUMENTS:
            break
    return found


class Account:
    """One account: its columns, its addresses and what it likes to ask about."""

    def __init__(self, world: "World", label: str, **known: Any) -> None:
        draw = world.draw
        self.id = f"u-{world.token()}"
        self.addresses: list[str] = known.pop("addresses", None) or [world.address()]
        self.client: str = known.pop("client", None) or draw.choice(CLIENTS)
        self.zone_h: float = known.pop("zone_h", draw.choice((-8, -5, 0, 1, 2, 5.5, 8, 9)))
        self.subjects = [draw.choice(world.documents) for _ in range(draw.randint(1, 4))]
        created = START - timedelta(days=draw.expovariate(1 / 200))
        if draw.random() < 0.15:
            created = START + timedelta(days=draw.random() * DAYS * 0.9)
        row = {
            "account_id": self.id,
            "created_at": created,
            "pathway": "standard",
            "plan": "payg",
            "plan_price_usd": 0.0,
            "email_domain": draw.choice(DOMAINS),
            "email_fingerprint": world.token(),
            "payment_fingerprint": world.token(),
            "payment_kind": "card",
            "phone_fingerprint": world.token() if draw.random() < 0.6 else None,
            "device_fingerprint": world.token() if draw.random() < 0.8 else None,
        }
        self.row = {**row, **{name: value for name, value in known.items() if value is not None}}
        self.starts: datetime = max(START, self.row["created_at"])
        world.accounts.append(self)
        world.label_of[self.id] = label


class World:
    """The traffic while it is being made."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.seed = seed
        self.documents = documents(self.draw)
        self.accounts: list[Account] = []
        self.label_of: dict[str, str] = {}
        self.rows: list[dict[str, Any]] = []
        self._n_tokens = 0

    def token(self) -> str:
        """Return a new identifier."""
        self._n_tokens += 1
        return hashlib.sha256(f"{self.seed}:{self._n_tokens}".encode()).hexdigest()[:16]

    def address(self) -> str:
        """Return a random address."""
        return ".".join(str(self.draw.randint(11, 220)) for _ in range(4))

    def sentences(self, n: int) -> str:
        """Return sentences of different documents: a wording that nobody else has."""
        return " ".join(self.draw.choice(self.draw.choice(self.documents)) for _ in range(n))

    def template(self, n: int) -> str:
        """Return a wording round one place."""
        return f"{self.sentences(n)} Item: {{}} {self.sentences(1)}"

    def items(self, n_documents: int, most: int) -> list[str]:
        """Return up to ``most`` different tasks, one to three sentences each."""
        pool = []
        for sentences in self.draw.sample(self.documents, min(n_documents, len(self.documents))):
            at = 0
            while at < len(sentences):
                step = self.draw.randint(1, 3)
                pool.append(" ".join(sentences[at : at + step]))
                at += step
        self.draw.shuffle(pool)
        return pool[:most]

    def when(self, account: Account, *, is_human: bool = True, day: int | None = None) -> datetime:
        """Return a time in an account's day, or at any hour."""
        for _ in range(50):
            chosen = self.draw.randint(0, DAYS - 1) if day is None else day
            hour = self.draw.gauss(14, 3.5) % 24 - account.zone_h if is_human else self.draw.random() * 24
            at = START + timedelta(days=chosen, hours=hour, seconds=self.draw.random() * 60)
            if account.starts <= at < START + timedelta(days=DAYS):
                return at
        return account.starts + timedelta(hours=self.draw.random() * 5)

    def say(self, account: Account, at: datetime, prompt: str, **fields: Any) -> None:
        """Add one exchange; ``fields`` override any column."""
        status = fields.pop("status", self.draw.choices((200, 429, 500), (97, 2, 1))[0])
        answer = " ".join(self.draw.choices(self.draw.choice(self.documents), k=self.draw.randint(1, 5)))
        row = {
            "exchange_id": f"x-{self.token()}",
            "account_id": account.id,
            "requested_at": at,
            "model": self.draw.choices(MODELS, (5, 3, 2))[0],
            "platform": "api",
            "turn": 0,
            "prompt": prompt,
            "response": answer if status == 200 else None,
            "tool_names": [],
            "n_choices": 1,
            "input_tokens": len(prompt) // 4,
            "output_tokens": int(self.draw.lognormvariate(5.5, 0.8)),
            "status": status,
            "refused": False,
            "ip": self.draw.choice(account.addresses),
            "user_agent": account.client,
            "api_key_id": f"k-{account.id}",
            "thinking_signatures": [],
        }
        self.rows.append({**row, **fields})

    def live(self, account: Account, n: int) -> None:
        """Let an account ask ``n`` things of its own."""
        system = f"You are my helper. {self.about(account)}" if self.draw.random() < 0.2 else None
        while n > 0:
            size = min(n, self.draw.choice((1, 1, 1, 2, 3, 5)))
            n -= size
            at, talk = self.when(account), self.token() if size > 1 else None
            for turn in range(size):
                prompt = self.draw.choice(REQUESTS).format(self.about(account))
                self.say(account, at, prompt, system_prompt=system, conversation_id=talk, turn=turn)
                at += timedelta(seconds=self.draw.uniform(20, 400))

    def about(self, account: Account, n: int = 2) -> str:
        """Return something an account is interested in."""
        subject = self.draw.choice(account.subjects)
        return " ".join(self.draw.sample(subject, min(len(subject), self.draw.randint(1, n))))

    def deal(self, accounts: Sequence[Account], items: Sequence[str], **how: Any) -> None:
        """Deal items over accounts; a failed one is sent again, from any of them unless ``stays``."""
        templates: Sequence[str] = how.get("templates", ("{}",))
        for item in items:
            account = self.draw.choice(accounts)
            at = self.when(account, is_human=how.get("is_human", False))
            prompt = self.draw.choice(templates).format(item)
            for _ in range(4):
                has_failed = self.draw.random() < how.get("p_failed", 0.06)
                tokens = int(self.draw.lognormvariate(0, 0.4) * how.get("tokens", 900))
                said = {"output_tokens": tokens, **how.get("fields", {})}
                self.say(account, at, prompt, status=self.draw.choice((429, 500)) if has_failed else 200, **said)
                if not has_failed:
                    break
                at += timedelta(seconds=self.draw.expovariate(1 / 90))
                account = account if how.get("stays") else self.draw.choice(accounts)
            for turn in range(1, self.draw.randint(*how["turns"])) if "turns" in how else ():
                at += timedelta(seconds=self.draw.uniform(3, 20))
                said = {**how.get("fields", {}), "turn": turn}
                self.say(account, at, f"Tool result: {self.sentences(1)}", **said)

    def write(self, folder: Path) -> None:
        """Write the tables and the truth."""
        folder.mkdir(parents=True, exist_ok=True)
        self.rows.sort(key=lambda row: row["requested_at"])
        accounts = [{**dict.fromkeys(schema.ACCOUNTS.names), **account.row} for account in self.accounts]
        exchanges = [{**dict.fromkeys(schema.EXCHANGES.names), **row} for row in self.rows]
        pq.write_table(pa.Table.from_pylist(exchanges, schema.EXCHANGES), folder / "exchanges.parquet")
        pq.write_table(pa.Table.from_pylist(accounts, schema.ACCOUNTS), folder / "accounts.parquet")
        (folder / "truth.json").write_text(json.dumps(self.label_of), encoding="utf-8")
