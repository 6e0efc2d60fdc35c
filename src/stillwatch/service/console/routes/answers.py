"""What the routes have in common: which refusals their JSON documents."""

from typing import Any, Final

from stillwatch.service.console.failure import Failure

REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Failure, "description": "Refused: the parts say why, and what to do next."},
    503: {"model": Failure, "description": "The case cannot be read."},
}
