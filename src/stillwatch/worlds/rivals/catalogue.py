"""Every rival, by its permanent name."""

import importlib.util
from collections.abc import Mapping
from typing import Final

from stillwatch.worlds.rivals.anomaly import Anomaly
from stillwatch.worlds.rivals.content_windows import ContentWindows
from stillwatch.worlds.rivals.coordination import ALIKE, CoordinationNetwork
from stillwatch.worlds.rivals.infrastructure import SharedInfrastructure
from stillwatch.worlds.rivals.linkage import RecordLinkage
from stillwatch.worlds.rivals.near_duplicates import NearDuplicates
from stillwatch.worlds.rivals.per_key import PerKeyRules
from stillwatch.worlds.rivals.rival import Rival
from stillwatch.worlds.rivals.self_join import SelfJoin

_ALL: Final[tuple[Rival, ...]] = (
    SelfJoin(),
    PerKeyRules(),
    Anomaly("anomaly-ecod", "pyod.models.ecod", "ECOD", "PyOD 3 (BSD-2), ECOD"),
    Anomaly("anomaly-iforest", "pyod.models.iforest", "IForest", "PyOD 3 (BSD-2), isolation forest"),
    SharedInfrastructure(),
    RecordLinkage(),
    NearDuplicates(),
    ContentWindows("mmd-100", 100, is_pooled=False, setting="windows of 100 requests of one account, at least 5"),
    ContentWindows("mmd-1500", 1500, is_pooled=True, setting="windows of 1,500 requests of the whole traffic"),
    CoordinationNetwork(
        "cnt-same",
        "compute_co_tweet_network",
        "co_tweet_network",
        3600,
        setting="same text within an hour; pairs of weight 1, 2 or 5; PLM at resolution 1 or 10",
    ),
    CoordinationNetwork(
        "cnt-alike",
        ALIKE,
        "co_similar_tweet_network",
        60,
        setting="texts of similarity 0.9 within a minute; pairs of weight 1, 2 or 5; PLM at resolution 1 or 10",
    ),
)
RIVALS: Final[Mapping[str, Rival]] = {rival.name: rival for rival in _ALL}
EXTRA: Final = "pip install 'stillwatch[bench]'"


def missing_modules(rival: Rival) -> tuple[str, ...]:
    """Return what a rival needs and this environment has not."""
    return tuple(name for name in rival.modules if importlib.util.find_spec(name) is None)
