"""The seed of a group's random draws: its members decide it, and nothing else in the log."""

from zlib import crc32

from stillwatch.links.population import IntArray


def seed_of(members: IntArray) -> int:
    """Return the seed for draws that a group is tested by.

    The same members get the same draws, whichever groups are tested beside them: a p-value moves by a fifth of a digit
    from one set of 999 controls to the next, and must not do so for what other groups there are.
    """
    return crc32(members.astype("<i8").tobytes())
