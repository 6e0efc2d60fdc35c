"""Tests of writing a case whole or not at all."""

from pathlib import Path

import pytest

from stillwatch.errors import OutputError
from stillwatch.pipeline.output import RUN, case_folder


def leave(target: Path, text: str, *, replace: bool = False) -> None:
    """Leave a case of one file at ``target``."""
    with case_folder(target, replace=replace) as folder:
        (folder / RUN).write_text(text)


def names(folder: Path) -> list[str]:
    """Return everything in a folder, hidden names included."""
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_seen_before_the_end_and_nothing_else_after(tmp_path: Path) -> None:
    """The case appears at its place only when it is whole, and no trace of the way there remains."""
    target = tmp_path / "deep" / "CASE"
    with case_folder(target, replace=False) as folder:
        assert folder.parent == target.parent
        (folder / RUN).write_text("{}")
        assert not target.exists()
    assert (target / RUN).read_text() == "{}"
    assert names(target.parent) == ["CASE"]


def test_a_case_can_be_read_by_others(tmp_path: Path) -> None:
    """A finished case is an ordinary folder, not a private one of its maker."""
    leave(tmp_path / "CASE", "{}")
    assert (tmp_path / "CASE").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_nothing_and_keeps_the_earlier_case(failure: type[BaseException], tmp_path: Path) -> None:
    """Whatever interrupts the run, half-written files vanish and the case that stood there still stands."""
    target = tmp_path / "CASE"
    leave(target, "earlier")

    def interrupted() -> None:
        with case_folder(target, replace=True) as folder:
            (folder / "half").write_text("half")
            raise failure

    with pytest.raises((failure, OutputError)):
        interrupted()
    assert names(tmp_path) == ["CASE"]
    assert (target / RUN).read_text() == "earlier"


def test_a_failing_move_puts_the_earlier_case_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the new case cannot take its place after the earlier one made room, the earlier one returns."""
    target = tmp_path / "CASE"
    leave(target, "earlier")
    plain = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(28, "No space left on device")
        return plain(self, to)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="cannot be written"), case_folder(target, replace=True) as folder:
        (folder / RUN).write_text("new")
    assert names(tmp_path) == ["CASE"]
    assert (target / RUN).read_text() == "earlier"


def test_an_earlier_case_is_replaced_only_when_asked_to(tmp_path: Path) -> None:
    """A case is not overwritten by accident; with replace, nothing of the earlier one remains."""
    target = tmp_path / "CASE"
    leave(target, "earlier")
    (target / "old.parquet").write_text("old")
    with pytest.raises(OutputError, match="a case stands there") as refused:
        leave(target, "new")
    assert "--replace" in str(refused.value.fix)
    leave(target, "new", replace=True)
    assert names(target) == [RUN]
    assert (target / RUN).read_text() == "new"
    assert names(tmp_path) == ["CASE"]


def test_what_is_no_case_is_never_touched(tmp_path: Path) -> None:
    """A folder of something else and a plain file are refused, asked to replace or not; an empty folder is taken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "cat.jpg").write_text("cat")
    plain = tmp_path / "file"
    plain.write_text("text")
    for target in (folder, plain):
        with pytest.raises(OutputError, match="no case"):
            leave(target, "new", replace=True)
    assert names(folder) == ["cat.jpg"]
    assert plain.read_text() == "text"
    (tmp_path / "empty").mkdir()
    leave(tmp_path / "empty", "new")
    assert names(tmp_path / "empty") == [RUN]


def test_a_place_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A parent that is a file gives an output error, with the exit status of one."""
    (tmp_path / "file").write_text("text")
    with pytest.raises(OutputError) as refused:
        leave(tmp_path / "file" / "CASE", "new")
    assert refused.value.exit_status == 5
