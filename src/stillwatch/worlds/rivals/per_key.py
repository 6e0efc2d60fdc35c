"""Rules per API key: request rate, likeness of consecutive prompts, gaps and volume.

Source: the package honeypotllm, its own scorer with its own defaults, run on the log's clock.
"""

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from stillwatch.worlds.rivals.rival import ALONE, Scored, Traffic


@dataclass(frozen=True)
class PerKeyRules:
    """The highest score that each account ever has; no account is grouped with another."""

    name: str = "per-key-rules"
    source: str = "honeypotllm 0.1 (Apache-2.0), the package's SuspicionScorer"
    setting: str = "its defaults, one key an account, its clock replaced by the log's; score: the highest ever reached"
    modules: tuple[str, ...] = ("honeypotllm", "greenlet")

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return one answer."""
        scoring: Any = importlib.import_module("honeypotllm.scoring")
        config = importlib.import_module("honeypotllm.config").ScoringConfig()
        clock = SimpleNamespace(now=0.0)
        original = scoring.time
        scoring.time = SimpleNamespace(time=lambda: clock.now)  # the package reads the wall clock, a log has passed
        try:
            scorer = scoring.SuspicionScorer(config)
            highest = np.zeros(len(traffic.account_ids))
            rows = traffic.exchanges.select(["requested_at", "prompt", "input_tokens"])
            at_s = rows["requested_at"].cast("int64").to_numpy() / 1e6
            at_s += time.time() - at_s.min()  # a key's state begins at the wall clock, whatever we say here
            owner = traffic.owners()
            prompts, tokens = rows["prompt"].to_pylist(), rows["input_tokens"].to_pylist()
            for row in np.argsort(at_s, kind="stable").tolist():
                clock.now = float(at_s[row])
                key = str(owner[row])
                result = scorer.score_request(key, prompt=prompts[row] or "", input_tokens=tokens[row] or 0)
                highest[owner[row]] = max(highest[owner[row]], result.score_after)
        finally:
            scoring.time = original
        return [Scored("defaults", highest, np.full(len(highest), ALONE, np.int64))]
