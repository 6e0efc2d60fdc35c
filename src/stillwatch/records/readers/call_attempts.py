"""Which records of one call are its attempts, and which are calls of their own under a reused id.

A gateway that retries, or falls back to another model, writes a record for each attempt under one call id: a call
that failed twice and then answered is one exchange. But a call id may be the caller's own (LiteLLM takes it from the
``x-litellm-call-id`` header), and a caller who sends one id with everything must not fold a campaign into one
exchange. An answer ends a call: so a second answer is another call, and gets the id of its own start.

The rule, for the records of one id in the order they come:

- the first failure becomes an exchange, each later one is a retried attempt;
- the first answer becomes an exchange, with the same ``exchange_id`` as a failure that came before it (which answer
  and failure of one id the run keeps is settled where rows of one ``exchange_id`` meet: the answer);
- a failure after an answer is a retried attempt;
- an answer with the response id and start of an earlier one is that record delivered twice; any other is a new call.

Only digests are held, of the ``capacity`` ids seen last: about 200 bytes each. Attempts that stand further apart
than that are each an exchange under one id, and settled where rows meet.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from stillwatch.records.outcome import Outcome, OutOfScope, Place, Used

CAPACITY: Final = 200_000  # ids; some 40 MB, and retries of one call stand seconds apart
MAX_ANSWERS: Final = 64  # answers held of one id; a caller who reuses an id more often than that repeats no delivery


class CallAttempts:
    """The calls of one pass: tells attempts, repeats and new calls apart."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[bytes, list[bytes]] = OrderedDict()  # digest of a call id: digests of its answers

    def outcome(self, place: Place, row: Mapping[str, Any], *, is_answer: bool, response_id: str | None) -> Outcome:
        """Return what becomes of one record of a call.

        Args:
            place: where the record stood.
            row: the exchange, whose ``exchange_id`` is made from the call id and whose ``requested_at`` is in
                microseconds.
            is_answer: whether the call succeeded.
            response_id: the answer's own id, where there is one.
        """
        call = _digest(row["exchange_id"])
        answers = self._answers.get(call)
        if not is_answer:
            if answers is not None:
                self._answers.move_to_end(call)
                return OutOfScope(place, "retried-attempt")
            self._remember(call, [])
            return Used(place, row)
        this = _digest(f"{response_id}\n{row['requested_at']}")
        if answers is None:
            self._remember(call, [this])
            return Used(place, row)
        self._answers.move_to_end(call)
        if this in answers:
            return OutOfScope(place, "delivered-twice")
        is_first = not answers
        answers.append(this)
        del answers[:-MAX_ANSWERS]
        if is_first:
            return Used(place, row)
        return Used(place, {**row, "exchange_id": f"{row['exchange_id']}:{row['requested_at']}"})

    def _remember(self, call: bytes, answers: list[bytes]) -> None:
        self._answers[call] = answers
        if len(self._answers) > self._capacity:
            self._answers.popitem(last=False)


def _digest(value: str) -> bytes:
    return hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=12).digest()
