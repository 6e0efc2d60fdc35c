"""A folder written beside its place and moved there whole, so that nothing half-written is ever seen."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stillwatch.errors import OutputError


@contextmanager
def whole_folder(target: Path, *, mark: str, noun: str, replace: bool) -> Iterator[Path]:
    """Yield a new folder beside ``target`` that becomes ``target`` when the block ends well, and otherwise vanishes.

    Args:
        target: where the folder shall stand.
        mark: the file by which an earlier folder of this kind is known.
        noun: what the folder is, in refusals.
        replace: whether an earlier one may be replaced; anything else that stands there never is.

    Raises:
        OutputError: something stands at ``target``, or it cannot be written.
    """
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        if not (target / mark).is_file():
            raise OutputError(str(target), f"something that is no {noun} stands there", fix="Choose another --out.")
        if not replace:
            raise OutputError(str(target), f"a {noun} stands there", fix="Choose another --out, or add --replace.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise OutputError(str(target), "cannot be written", got=error.strerror) from None
    try:
        yield partial
        earlier = partial.with_suffix(".earlier")
        if target.exists():
            target.rename(earlier)
        partial.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:
            if earlier.exists():
                earlier.rename(target)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
    except OSError as error:
        raise OutputError(str(target), "cannot be written", got=error.strerror) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
