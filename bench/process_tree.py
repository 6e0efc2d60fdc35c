"""The processes of a command under measurement, from what the kernel says of them."""

from pathlib import Path


def tree_of(root: int) -> list[int]:
    """Return the numbers of a process and all below it that run now."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue  # it has just ended
    found = []
    for pid in parents:
        above = pid
        while above not in (root, 0):
            above = parents.get(above, 0)
        found += [pid] if above == root else []
    return found
