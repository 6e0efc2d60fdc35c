"""A scan over a state: the lock first, then the scan, whose last step is the commit."""

from stillwatch.dossiers.case import Case
from stillwatch.pipeline.scan import Progress, ScanRequest, scan
from stillwatch.pipeline.state_intake import StateIntake, StateRequest
from stillwatch.store.state.vault import Vault
from stillwatch.store.state.window import DEFAULT_DAYS


def scan_state(request: ScanRequest, vault: Vault, progress: Progress, window_days: int = DEFAULT_DAYS) -> Case:
    """Add a request's traffic to a state, analyse its window, and leave a case at ``request.out``.

    Args:
        request: what to add, and where the case goes; its traffic may be empty.
        vault: the state.
        progress: told of each stage.
        window_days: how many days are analysed, up to the newest.

    Raises:
        StillwatchError: an input, a setting, the state or the output is refused; the state is what it was.
    """
    asked = StateRequest(tuple(request.traffic), request.read, request.key, window_days)
    with vault.locked() as writer:
        return scan(request, progress, StateIntake(asked, vault, writer))
