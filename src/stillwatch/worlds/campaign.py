"""Distillation campaigns: a pool of accounts that works through one programme, each discipline a separate knob.

Ranges follow the public disclosures: 8 to 25,000 accounts, 3 to 1,100 requests an account a day, none to nearly all
of a member's traffic its own, pools replaced as a whole when banned, pools that serve two campaigns or resell besides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, Final

import numpy as np

from stillwatch.errors import SettingsError
from stillwatch.worlds.account import DAY_S, DISTILLATION, HOUR_S, AccountSpec, Contribution, Ground, Turn, actor
from stillwatch.worlds.campaign_identity import Shop
from stillwatch.worlds.campaign_prompts import Script
from stillwatch.worlds.campaign_timing import Timing
from stillwatch.worlds.life import Liver, draw_habit, draw_parameters
from stillwatch.worlds.lookalikes.label import RELAY
from stillwatch.worlds.rhythm import within_session
from stillwatch.worlds.traffic import RETRIED, draw_statuses
from stillwatch.worlds.wording import dice

LARGEST_BLOCK: Final = 400  # accounts made at a time
BLOCK_TURNS: Final = 40_000  # requests made at a time: some 100 MB
STRAIN: Final = 1.6  # busy pools meet rate limits more often than people do
P_REFUSED: Final = 0.006  # of templated requests; close to the honest rate, as most pass
P_PROBE_REFUSED: Final = 0.6  # most techniques fail, some succeed
MIXED: Final = "mixed"
RETRY_S: Final = 25.0
RETRIES: Final = ("pool", "account", "none")
RELAY_SITTING: Final = 4  # requests of one relay customer's sitting


@dataclass(frozen=True, slots=True)
class Pool:
    """A block of a campaign's accounts and the hours it works."""

    specs: list[AccountSpec]
    indices: list[int]
    start_s: float
    end_s: float
    parameters: list[dict[str, Any]]
    luck: list[list[float]]  # of each account at each release: below ``pivot`` it moves


@actor("campaign")
@dataclass(frozen=True)
class Campaign:
    """One campaign.

    Args:
        name: names the group in the truth, ``distillation-NAME``.
        n_accounts: accounts at work at one time; a replacement pool has as many again.
        per_day: requests an account sends a day for the campaign.
        cover: the share of members' traffic that is their own, in [0, 0.95].
        strategy, work_list, templates, zone: the wording; see ``campaign_prompts.Script``.
        also: further programmes of the same customer, ``[strategy, work_list]`` each; an account keeps to one.
        identity, leaks, leak_share, platform: the accounts; see ``campaign_identity.Shop``;
            ``mixed`` takes ways in as honest people do.
        timing, has_ramp, utc_offset_h: the hours; see ``campaign_timing.Timing``.
        start_day, end_day: when it works; the window's end where ``end_day`` is None.
        pivot: the share of the traffic that moves to a new model within a day of its release.
        pivot_by: what moves, ``account`` (members one by one) or ``request`` (the balancer decides each time).
        ban_day: when the whole pool is banned and a new one takes over, or None.
        probe: probing requests before the scale.
        relay: the share of the pool's traffic that is ordinary resale.
        second: a second campaign's strategy and list on the same pool, with ``second_share`` of the requests.
        p_reasoning: the share of requests that let the model think.
        retries: who sends a failed item again: any account of the ``pool``, the same ``account``, or ``none``, which
            leaves the item undone. A turn of a conversation never leaves its account.
    """

    name: str
    n_accounts: int
    per_day: float
    cover: float = 0.0
    strategy: str = "one_prompt"
    work_list: str = "gsm8k_train"
    templates: int = 12
    zone: str = "prompt"
    also: list[list[str]] = field(default_factory=list)
    identity: str = "medium"
    leaks: list[str] | None = None
    leak_share: float = 1.0
    platform: str = "api"
    timing: str = "flat"
    has_ramp: bool = False
    utc_offset_h: float = 8.0
    start_day: float = 0.0
    end_day: float | None = None
    pivot: float = 0.5
    pivot_by: str = "account"
    ban_day: float | None = None
    probe: int = 0
    relay: float = 0.0
    second: list[str] = field(default_factory=list)
    second_share: float = 0.4
    p_reasoning: float = 0.3
    retries: str = "pool"

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("n_accounts", self.n_accounts, 1, 1_000_000),
            ("per_day", self.per_day, 0.01, 100_000),
            ("cover", self.cover, 0, 0.95),
            ("relay", self.relay, 0, 0.95),
        ):
            if not low <= value <= high:
                raise SettingsError(f"campaign.{name}", "out of range", got=str(value), expected=f"{low} to {high}")
        if self.pivot_by not in ("account", "request"):
            raise SettingsError("campaign.pivot_by", "no such unit", got=self.pivot_by, expected="account or request")
        if self.retries not in RETRIES:
            raise SettingsError("campaign.retries", "no such way", got=self.retries, expected=", ".join(RETRIES))
        for name, parts in [("second", self.second or ["", ""]), *(("also", parts) for parts in self.also)]:
            if len(parts) != 2:
                expected = "[strategy, work_list]"
                raise SettingsError(f"campaign.{name}", "needs two parts", got=str(parts), expected=expected)

    @property
    def group_id(self) -> str:
        """The campaign's group in the truth."""
        return f"{DISTILLATION}-{self.name}"

    def _block_size(self, days: int) -> int:
        each = self.per_day * days / (1 - self.cover)
        return int(min(LARGEST_BLOCK, max(8, BLOCK_TURNS // each)))

    def tasks(self, ground: Ground, seeds: np.random.SeedSequence) -> Iterator[Callable[[], Contribution]]:
        """Yield what makes the campaign, a block of accounts at a time; all blocks keep to one plan and one list."""
        size = self._block_size(ground.window.days)
        n_blocks = -(-self.n_accounts // size)
        plan, *rest = seeds.spawn(n_blocks + 1)
        seed = int(plan.generate_state(1)[0])
        for i, own in enumerate(rest):
            n = min(size, self.n_accounts - i * size)
            yield partial(self._block, ground, own, seed, (n, i, n_blocks))

    def _block(
        self, ground: Ground, own: np.random.SeedSequence, seed: int, place: tuple[int, int, int]
    ) -> Contribution:
        return CampaignBlock(self, ground, np.random.default_rng(own), seed).build(*place)


class CampaignBlock:
    """Makes one block of a campaign."""

    def __init__(self, campaign: Campaign, ground: Ground, rng: np.random.Generator, seed: int) -> None:
        self.campaign = campaign
        self.ground = ground
        self.rng = rng
        self.draw = dice(rng)
        self.out = Contribution()
        self.liver = Liver(ground, rng, count())
        c = campaign
        programmes = [(c.strategy, c.work_list), *((strategy, items) for strategy, items in c.also)]
        self.scripts = [
            Script(ground, strategy, items, c.templates, c.zone, seed + 1000 * i)
            for i, (strategy, items) in enumerate(programmes)
        ]
        self.second = Script(ground, c.second[0], c.second[1], c.templates, c.zone, seed - 1000) if c.second else None
        plan = np.random.default_rng(seed)
        self.shared_parameters = draw_parameters(plan, "api")
        self.first_model = ground.models[-1 - len(ground.window.release_s)]  # the best on offer, as most people use
        self.pivot_lag_s = float(plan.uniform(2, 20)) * HOUR_S
        self.next_item = count()

    def build(self, n: int, block: int, n_blocks: int) -> Contribution:
        """Return a block of ``n`` accounts; its tasks are every ``n_blocks``-th of the list."""
        c = self.campaign
        self.next_item = count(block, n_blocks)
        end_s = self.ground.window.seconds if c.end_day is None else c.end_day * DAY_S
        start_s = c.start_day * DAY_S
        if c.ban_day is None:
            pools = [self._pool(n, "member", start_s, end_s, None)]
        else:
            gap_s = float(self.rng.uniform(2, 12)) * HOUR_S  # a new pool stands ready
            ban_s = c.ban_day * DAY_S
            pools = [self._pool(n, "member", start_s, ban_s, ban_s)]
            pools.append(self._pool(n, "replacement", ban_s + gap_s, end_s, None))
        for pool in pools:
            self._work(pool)
            self._resell(pool)
            self._cover(pool)
        if c.probe and block == 0:
            self._probe(pools[0])
        return self.out

    def _pool(self, n: int, role: str, start_s: float, end_s: float, banned_s: float | None) -> Pool:
        c = self.campaign
        shop = Shop(
            c.identity,
            None if c.leaks is None else tuple(c.leaks),
            None if c.platform == MIXED else c.platform,
            c.leak_share,
        )
        specs = shop.accounts(self.ground, self.rng, n, opens_s=start_s)
        specs = [replace(spec, label=DISTILLATION, group_id=c.group_id, role=role) for spec in specs]
        if banned_s is not None:  # a wave takes an hour or so
            waves = banned_s + self.rng.uniform(0, HOUR_S, n)
            specs = [replace(spec, banned_s=float(wave)) for spec, wave in zip(specs, waves, strict=True)]
        indices = [self.out.add(spec) for spec in specs]
        own = [draw_parameters(self.rng, spec.clients[0].platform) for spec in specs]
        is_uniform = c.identity == "sloppy"
        luck = self.rng.random((n, len(self.ground.window.release_s))).tolist()
        return Pool(specs, indices, start_s, end_s, [self.shared_parameters] * n if is_uniform else own, luck)

    def _model(self, pool: Pool, k: int, at_s: float) -> str:
        c = self.campaign
        chosen = self.first_model
        n_old = len(self.ground.models) - len(self.ground.window.release_s)
        for i, release_s in enumerate(self.ground.window.release_s):
            luck = pool.luck[k][i] if c.pivot_by == "account" else self.draw.random()
            if at_s >= release_s + self.pivot_lag_s and luck < c.pivot:
                chosen = self.ground.models[n_old + i]
        return chosen

    def _turn(self, pool: Pool, k: int, at_s: float, **fields: Any) -> Turn:
        spec = pool.specs[k]
        columns: dict[str, Any] = {
            "account": pool.indices[k],
            "at_s": at_s,
            "client": spec.clients[self.draw.randrange(len(spec.clients))],
            "address": spec.addresses[self.draw.randrange(len(spec.addresses))],
            "model": self._model(pool, k, at_s),
            "label": DISTILLATION,
            "p_refused": P_REFUSED,
            "is_reasoning": self.draw.random() < self.campaign.p_reasoning,
            **pool.parameters[k],
        }
        return Turn(**{**columns, **fields})

    def _work(self, pool: Pool) -> None:
        c = self.campaign
        timing = Timing(c.timing, pool.start_s, pool.end_s, c.has_ramp, c.utc_offset_h)
        days = (pool.end_s - pool.start_s) / DAY_S
        for number, script in enumerate(self.scripts):
            members = range(number, len(pool.specs), len(self.scripts))
            units = c.per_day * (1 - c.relay) * days / script.mean_steps
            specs = [pool.specs[k] for k in members]
            if not specs:
                continue
            owner, times = timing.slots(specs, units, self.ground.window, self.rng)
            for i, at_s in zip(owner.tolist(), times.tolist(), strict=True):
                if self.second is not None and self.draw.random() < c.second_share:
                    self._unit(pool, members, i, at_s, self.second)
                else:
                    self._unit(pool, members, i, at_s, script)

    def _unit(self, pool: Pool, members: range, i: int, at_s: float, script: Script) -> None:
        """Send one unit of work; a failed request is sent again, a stateless one from another account if allowed."""
        group_id = f"{self.campaign.group_id}-second" if script is self.second else self.campaign.group_id
        k = members[i]
        system, steps = script.unit(next(self.next_item), self.draw)
        talk = next(self.liver.conversations) if len(steps) > 1 else None
        gaps = within_session(len(steps), self.rng, median_s=9.0) if len(steps) > 1 else (0.0,)
        statuses = draw_statuses(self.rng, len(steps), strain=STRAIN).tolist()
        fixed = {"group_id": group_id, "system": system, "tools": script.tools, "conversation": talk}
        for number, (step, gap, status) in enumerate(zip(steps, gaps, statuses, strict=True)):
            when = at_s + float(gap)
            said = {**fixed, "prompt": step.prompt, "response": step.response, "turn": number}
            self.out.turns.append(self._turn(pool, k, when, status=int(status), **said))
            if status in RETRIED and self.campaign.retries != "none":
                if talk is None and self.campaign.retries == "pool":
                    k = members[self.draw.randrange(len(members))]
                when += self.draw.expovariate(1 / RETRY_S)
                self.out.turns.append(self._turn(pool, k, when, status=200, **said))

    def _probe(self, pool: Pool) -> None:
        """Try many techniques, each once, from a few accounts on the first days."""
        few = min(len(pool.specs), 5)
        for i in range(self.campaign.probe):
            step = self.scripts[0].probe(i, self.draw)
            at_s = pool.start_s + self.draw.uniform(0, 1.5 * DAY_S)
            fields = {"group_id": self.campaign.group_id, "p_refused": P_PROBE_REFUSED}
            turn = self._turn(
                pool, self.draw.randrange(few), at_s, prompt=step.prompt, response=step.response, **fields
            )
            self.out.turns.append(turn)

    def _cover(self, pool: Pool) -> None:
        """Let each member live an ordinary life of its own, as much as ``cover`` asks for."""
        c = self.campaign
        if c.cover <= 0:
            return
        days = (pool.end_s - pool.start_s) / DAY_S
        mean = c.per_day * days * c.cover / (1 - c.cover)
        amounts = self.rng.lognormal(np.log(max(mean, 0.1)) - 0.18, 0.6, len(pool.specs))  # -0.18 keeps the mean
        for k, amount in enumerate(amounts.tolist()):
            spec = pool.specs[k]
            n = int(self.rng.poisson(amount))
            habit = draw_habit(self.ground, self.rng, spec)
            end_s = min(pool.end_s + DAY_S, self.ground.window.seconds)
            lived = replace(habit, rhythm=replace(habit.rhythm, end_s=end_s))
            if n:
                self.out.turns += self.liver.live(pool.indices[k], spec, lived, n)

    def _resell(self, pool: Pool) -> None:
        """Pass on ordinary customers' talk: a sitting goes to whichever account is free."""
        c = self.campaign
        if c.relay <= 0:
            return
        days = (pool.end_s - pool.start_s) / DAY_S
        n_sittings = int(self.rng.poisson(c.per_day * c.relay * days * len(pool.specs) / RELAY_SITTING))
        group = f"{RELAY}-{c.name}"
        for _ in range(n_sittings):
            k = self.draw.randrange(len(pool.specs))
            customer = self.ground.identities.person(self.rng)
            start_s = self.draw.uniform(pool.start_s, pool.end_s)
            prompts = self.liver.wording.dialogue(
                self.draw, customer.language, 1 + self.draw.randrange(2 * RELAY_SITTING - 1)
            )
            talk = next(self.liver.conversations)
            for number, (prompt, gap) in enumerate(zip(prompts, within_session(len(prompts), self.rng), strict=True)):
                response = self.liver.wording.response(self.draw, customer.language)
                place = {"conversation": talk, "turn": number, "label": RELAY, "group_id": group, "p_refused": 0.004}
                self.out.turns.append(
                    self._turn(pool, k, start_s + float(gap), prompt=prompt, response=response, **place)
                )
