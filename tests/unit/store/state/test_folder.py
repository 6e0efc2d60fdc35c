"""A state in a folder: whole or not at all, one writer, and nothing changed behind its back."""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from stillwatch.errors import OutputError, StateError, StateInUseError
from stillwatch.store.state import folder as folder_module
from stillwatch.store.state.folder import FolderVault

OLD, NEW = b'{"n": 1}', b'{"n": 2}'


def in_child(run: Callable[[], None]) -> int:
    """Run something in a forked process and return how it ended, as ``waitpid`` says."""
    pid = os.fork()
    if pid == 0:
        try:
            run()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must never become a second test run
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def made(path: Path) -> FolderVault:
    """Return a state with one object."""
    vault = FolderVault(path)
    with vault.locked() as writer:
        reference = writer.put(b"old object", "json")
        writer.commit(OLD, [reference])
    return vault


def commit_new(vault: FolderVault) -> None:
    """Replace what is in a state by three other objects."""
    with vault.locked() as writer:
        references = [writer.put(b"object %d" % i, "parquet") for i in range(3)]
        writer.commit(NEW, references)


def objects(path: Path) -> set[str]:
    """Return the names of the objects that lie in a state."""
    return {one.name for one in (path / "objects").iterdir()}


def test_a_commit_is_read_back(tmp_path: Path) -> None:
    """What was put and committed is there, and what no manifest names any more is not."""
    vault = made(tmp_path / "state")
    commit_new(vault)
    assert vault.manifest() == NEW
    assert len(objects(tmp_path / "state")) == 3
    assert oct((tmp_path / "state").stat().st_mode & 0o777) == "0o700"


def test_killed_at_every_step_it_is_the_state_before_or_after(tmp_path: Path) -> None:
    """Ended at each call that changes the disk in turn, the state is one of two, and the next commit is as if not."""
    reference = tmp_path / "reference"
    commit_new(made(reference))
    expected = {one.relative_to(reference): one.read_bytes() for one in reference.rglob("*") if one.is_file()}
    calls = ("open", "fsync", "replace", "unlink")
    for step in range(1, 200):
        path = tmp_path / f"at-{step}"
        vault = made(path)

        def killed(step: int = step, vault: FolderVault = vault) -> None:
            left = [step]

            def dying(real: Callable[..., object]) -> Callable[..., object]:
                def call(*arguments: object, **named: object) -> object:
                    left[0] -= 1
                    if left[0] == 0:
                        os.kill(os.getpid(), signal.SIGKILL)
                    return real(*arguments, **named)

                return call

            for name in calls:
                if hasattr(Path, name):
                    setattr(Path, name, dying(getattr(Path, name)))
            folder_module.os.fsync = dying(os.fsync)  # type: ignore[attr-defined]
            commit_new(vault)

        ended = in_child(killed)
        assert vault.manifest() in (OLD, NEW)
        if vault.manifest() == OLD:
            assert any(vault.read(one) == b"old object" for one in objects(path) if one.endswith(".json"))
        commit_new(vault)
        assert {one.relative_to(path): one.read_bytes() for one in path.rglob("*") if one.is_file()} == expected
        if not os.WIFSIGNALED(ended):
            assert step > 10  # objects, manifest and folders were all passed
            return
    pytest.fail("the commit never came to its end")


def test_a_second_writer_is_refused_by_the_first_ones_number(tmp_path: Path) -> None:
    """Two writers at once: the second one is told which process holds the state, and may come afterwards."""
    vault = made(tmp_path / "state")
    with (
        vault.locked(),
        pytest.raises(StateInUseError, match=f"process {os.getpid()}"),
        FolderVault(tmp_path / "state").locked(),
    ):
        pass
    commit_new(vault)


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    """A writer that was killed leaves no lock behind."""
    vault = made(tmp_path / "state")

    def hold() -> None:
        with vault.locked():
            os.kill(os.getpid(), signal.SIGKILL)

    assert os.WIFSIGNALED(in_child(hold))
    commit_new(vault)
    assert vault.manifest() == NEW


def test_a_changed_object_is_refused_by_name(tmp_path: Path) -> None:
    """One flipped byte, or a lost file, is found when it is read; the refusal says which file."""
    vault = made(tmp_path / "state")
    (name,) = objects(tmp_path / "state")
    path = tmp_path / "state" / "objects" / name
    path.write_bytes(b"Old object")
    with pytest.raises(StateError, match=f"{name}: was changed or torn"):
        vault.read(name)
    path.unlink()
    with pytest.raises(StateError, match=name):
        vault.local(name, tmp_path, is_checked=False)


def test_what_is_no_state_is_left_alone(tmp_path: Path) -> None:
    """A folder of something else is neither read as a state nor written to."""
    (tmp_path / "thesis.tex").write_text("mine")
    vault = FolderVault(tmp_path)
    with pytest.raises(StateError, match="no state"), vault.locked():
        pass
    with pytest.raises(StateError, match="no state"):
        vault.manifest()
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_full_disk_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    """Where bytes cannot be written, the refusal says so, the manifest stands, and no draft is left."""
    vault = made(tmp_path / "state")

    def without_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))  # a file may grow to 64 bytes: what a full disk does
        with vault.locked() as writer:
            with pytest.raises(OutputError, match="cannot be written"):
                writer.put(b"x" * 65, "parquet")
            os._exit(7)

    assert os.waitstatus_to_exitcode(in_child(without_room)) == 7
    assert vault.manifest() == OLD
    assert not [name for name in objects(tmp_path / "state") if "draft" in name]
