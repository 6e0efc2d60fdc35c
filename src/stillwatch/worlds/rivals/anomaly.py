"""Anomaly detection on each account alone.

Source: PyOD; ECOD: Li et al. 2022, Unsupervised outlier detection using empirical cumulative distribution functions;
isolation forest: Liu, Ting and Zhou 2008, Isolation forest.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.worlds.rivals.features import account_features
from stillwatch.worlds.rivals.rival import ALONE, Scored, Traffic


@dataclass(frozen=True)
class Anomaly:
    """One detector of PyOD with its defaults, over twenty numbers an account; no account is grouped with another."""

    name: str
    module: str
    detector: str
    source: str
    setting: str = "its defaults, seed 1, on 20 numbers an account (volume, hours, lengths, tokens, failures, clients)"
    modules: tuple[str, ...] = ("pyod", "sklearn")

    def score(self, traffic: Traffic) -> Sequence[Scored]:
        """Return one answer."""
        made = getattr(importlib.import_module(self.module), self.detector)
        detector = made(random_state=1) if self.detector == "IForest" else made()
        detector.fit(account_features(traffic))
        scores = np.asarray(detector.decision_scores_, np.float64)
        return [Scored("defaults", scores, np.full(len(scores), ALONE, np.int64))]
