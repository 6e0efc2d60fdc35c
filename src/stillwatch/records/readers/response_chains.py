"""Conversations of the Responses API, whose requests name the response that they follow.

A response that no request can be seen to follow starts a conversation under its own id; a request that follows it
belongs to the same, one turn later. That is known as far as the log is in the order in which requests came, which a
gateway's log is; a request whose predecessor was not seen starts a conversation named for that predecessor, its turn
unknown.

Only digests and counts are held, of the ``capacity`` responses seen last: about 250 bytes each.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from stillwatch.records.readers.json_values import identifier

CAPACITY: Final = 100_000  # responses; some 25 MB, and a conversation's next turn comes minutes later


class ResponseChains:
    """The conversations of one pass."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._places: OrderedDict[bytes, tuple[str, int | None]] = OrderedDict()  # response: its conversation and turn

    def columns(self, account_id: str, request: Mapping[str, Any], response_id: str | None) -> dict[str, Any]:
        """Return ``conversation_id`` and ``turn`` of one request, those that are known.

        Args:
            account_id: whose request it is; ids of different accounts never meet.
            request: the request's body; one that is not of the Responses API is told nothing.
            response_id: the id of its response, where there is one.
        """
        if "input" not in request or identifier(request.get("conversation")):
            return {}
        earlier = identifier(request.get("previous_response_id"))
        if earlier is None and (response_id is None or request.get("store") is False):
            return {}
        if earlier is None:
            conversation, turn = response_id or "", None
            columns: dict[str, Any] = {"conversation_id": conversation}
            after: int | None = 1
        else:
            conversation, turn = self._places.get(_digest(account_id, earlier), (earlier, None))
            columns = {"conversation_id": conversation, "turn": turn}
            after = None if turn is None else turn + 1
        if response_id is not None:
            self._places[_digest(account_id, response_id)] = (conversation, after)
            if len(self._places) > self._capacity:
                self._places.popitem(last=False)
        return columns


def _digest(account_id: str, response_id: str) -> bytes:
    joined = f"{len(account_id)}:{account_id}{response_id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=12).digest()
