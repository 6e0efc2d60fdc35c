"""The readers that stillwatch knows, by name."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from stillwatch.errors import UsageError
from stillwatch.records.reader import Reader
from stillwatch.records.readers import (
    azure,
    batch,
    bedrock,
    bodies,
    canonical,
    kong,
    langfuse,
    litellm,
    otlp,
    spend_logs,
)
from stillwatch.records.shipped_maps import SHIPPED_MAPS

READERS: Final[Mapping[str, Reader]] = {
    reader.name: reader
    for reader in (
        canonical.READER,
        litellm.READER,
        spend_logs.READER,
        otlp.READER,
        bodies.READER,
        batch.READER,
        bedrock.READER,
        azure.READER,
        kong.READER,
        langfuse.READER,
        *SHIPPED_MAPS.values(),
    )
}


def reader_named(name: str, readers: Mapping[str, Reader] = READERS) -> Reader:
    """Return a reader.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in readers:
        near = get_close_matches(name[:64].lower(), readers, n=1)
        raise UsageError(
            "--format",
            "no such format",
            got=repr(name[:64]),
            expected=", ".join(sorted(readers)),
            fix=f"Did you mean {near[0]}?" if near else "'stillwatch records formats' says what each is.",
        )
    return readers[name]
